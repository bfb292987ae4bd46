import type { Queryable } from '@gavel/platform/postgres/pool.ts'
import type { Account, User } from '@gavel/contracts/api/identity.ts'
import type { PoolClient } from 'pg'

/** An account with what proves its owner. Never leaves the service. */
export interface StoredAccount extends Account {
  /** Empty once the account is erased: no password fits it. */
  passwordHash: string
  locked?: { at: number; by: string; reason: string }
  erasedAt?: number
}

interface AccountRow {
  user_id: string
  email: string
  display_name: string
  role: Account['role']
  password_hash: string
  registered_at: Date
  email_verified_at: Date | null
  locked_at: Date | null
  locked_by: string | null
  lock_reason: string | null
  erased_at: Date | null
}

export const fromRow = (row: AccountRow): StoredAccount => ({
  userId: row.user_id,
  email: row.email,
  displayName: row.display_name,
  role: row.role,
  passwordHash: row.password_hash,
  registeredAt: row.registered_at.getTime(),
  emailVerified: row.email_verified_at !== null,
  ...(row.locked_at === null
    ? {}
    : { locked: { at: row.locked_at.getTime(), by: row.locked_by ?? '', reason: row.lock_reason ?? '' } }),
  ...(row.erased_at === null ? {} : { erasedAt: row.erased_at.getTime() })
})

/** The account as its owner sees it. */
export const withoutHash = ({ userId, email, displayName, role, registeredAt, emailVerified }: Account): Account => ({
  userId,
  email,
  displayName,
  role,
  registeredAt,
  emailVerified
})

/** The account as an admin sees it. */
export const asUser = (stored: StoredAccount): User => ({
  ...withoutHash(stored),
  ...(stored.locked === undefined ? {} : { locked: stored.locked }),
  ...(stored.erasedAt === undefined ? {} : { erasedAt: stored.erasedAt })
})

const columns = `user_id, email, display_name, role, password_hash, registered_at, email_verified_at, locked_at, locked_by,
            lock_reason, erased_at`

export async function findByEmail(db: Queryable, email: string): Promise<StoredAccount | undefined> {
  const { rows } = await db.query<AccountRow>(`select ${columns} from accounts where email = $1`, [email])
  return rows[0] && fromRow(rows[0])
}

export async function findById(db: Queryable, userId: string): Promise<StoredAccount | undefined> {
  const { rows } = await db.query<AccountRow>(`select ${columns} from accounts where user_id = $1`, [userId])
  return rows[0] && fromRow(rows[0])
}

/** Undefined when the e-mail address is taken: the unique key decides between registrations that race. */
export async function insertAccount(client: PoolClient, account: StoredAccount): Promise<StoredAccount | undefined> {
  const { rows } = await client.query<AccountRow>(
    `insert into accounts (user_id, email, display_name, role, password_hash, registered_at, email_verified_at)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (email) do nothing
     returning ${columns}`,
    [
      account.userId,
      account.email,
      account.displayName,
      account.role,
      account.passwordHash,
      new Date(account.registeredAt),
      account.emailVerified ? new Date(account.registeredAt) : null
    ]
  )
  return rows[0] && fromRow(rows[0])
}

/** Locks the row, so that several processes starting at once apply one change. */
export async function lockByEmail(client: PoolClient, email: string): Promise<StoredAccount | undefined> {
  const { rows } = await client.query<AccountRow>(`select ${columns} from accounts where email = $1 for update`, [
    email
  ])
  return rows[0] && fromRow(rows[0])
}

/** Locks the row: of two changes of one account, the second sees what the first did. */
export async function lockById(client: PoolClient, userId: string): Promise<StoredAccount | undefined> {
  const { rows } = await client.query<AccountRow>(`select ${columns} from accounts where user_id = $1 for update`, [
    userId
  ])
  return rows[0] && fromRow(rows[0])
}

export async function verifyAddress(client: PoolClient, userId: string, now: number): Promise<void> {
  await client.query(
    'update accounts set email_verified_at = $2 where user_id = $1 and email_verified_at is null and erased_at is null',
    [userId, new Date(now)]
  )
}

export async function changePassword(client: PoolClient, userId: string, passwordHash: string): Promise<void> {
  await client.query('update accounts set password_hash = $2 where user_id = $1', [userId, passwordHash])
}

export async function makeAdmin(client: PoolClient, userId: string, passwordHash: string): Promise<void> {
  await client.query(`update accounts set role = 'admin', password_hash = $2 where user_id = $1`, [
    userId,
    passwordHash
  ])
}
