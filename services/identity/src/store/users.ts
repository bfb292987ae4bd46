import type { Account } from '@gavel/contracts/api/identity.ts'
import type { Queryable } from '@gavel/platform/postgres/pool.ts'
import type { PoolClient } from 'pg'
import { Refusal } from '@gavel/platform/errors.ts'
import { findById, fromRow, type StoredAccount } from './accounts.ts'

/** Accounts as admins look for them and change them. */

export interface UserFilter {
  search?: string | undefined
  role?: Account['role'] | undefined
  locked?: boolean | undefined
  /** Only those that come after this one. */
  after?: { registeredAt: number; userId: string } | undefined
  limit: number
}

/** What a pattern means literally. */
const literally = (text: string): string => text.replace(/[\\%_]/g, '\\$&')

/** Newest first. The beginning of an address or a name is found by its index. */
export async function findUsers(db: Queryable, filter: UserFilter): Promise<StoredAccount[]> {
  const prefix = filter.search === undefined ? null : `${literally(filter.search.trim().toLowerCase())}%`
  const { rows } = await db.query<Parameters<typeof fromRow>[0]>(
    `select * from accounts
      where ($1::text is null or email like $1 or lower(display_name) like $1)
        and ($2::text is null or role = $2)
        and ($3::boolean is null or (locked_at is not null) = $3)
        and ($4::timestamptz is null or (registered_at, user_id) < ($4, $5))
      order by registered_at desc, user_id desc
      limit $6`,
    [
      prefix,
      filter.role ?? null,
      filter.locked ?? null,
      filter.after ? new Date(filter.after.registeredAt) : null,
      filter.after?.userId ?? null,
      filter.limit
    ]
  )
  return rows.map(fromRow)
}

export async function knownUser(db: Queryable, userId: string): Promise<StoredAccount> {
  const found = await findById(db, userId)
  if (!found) throw new Refusal('USER_NOT_FOUND')
  return found
}

export async function lockAccount(
  client: PoolClient,
  userId: string,
  lock: { by: string; reason: string; now: number }
): Promise<void> {
  await client.query(
    `update accounts set locked_at = $2, locked_by = $3, lock_reason = $4 where user_id = $1 and locked_at is null`,
    [userId, new Date(lock.now), lock.by, lock.reason]
  )
}

export async function unlockAccount(client: PoolClient, userId: string): Promise<void> {
  await client.query('update accounts set locked_at = null, locked_by = null, lock_reason = null where user_id = $1', [
    userId
  ])
}

export async function changeRole(client: PoolClient, userId: string, role: Account['role']): Promise<void> {
  await client.query('update accounts set role = $2 where user_id = $1', [userId, role])
}

const form = /^(\d{1,16})~([A-Za-z0-9_-]{1,64})$/

export const toCursor = ({ registeredAt, userId }: { registeredAt: number; userId: string }): string =>
  Buffer.from(`${registeredAt}~${userId}`).toString('base64url')

export function fromCursor(cursor: string | undefined): UserFilter['after'] {
  if (cursor === undefined) return undefined
  const match = form.exec(Buffer.from(cursor, 'base64url').toString('utf8'))
  const registeredAt = Number(match?.[1])
  if (!match?.[2] || !(registeredAt <= 8_640_000_000_000_000))
    throw new Refusal('INVALID_INPUT', { detail: 'cursor is not one that this listing gave', member: 'cursor' })
  return { registeredAt, userId: match[2] }
}
