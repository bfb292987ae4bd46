import type { Queryable } from '@gavel/platform/postgres/pool.ts'
import type { Account } from '@gavel/contracts/api/identity.ts'
import type { PoolClient } from 'pg'

/** An account with what proves its owner. Never leaves the service. */
export interface StoredAccount extends Account {
  passwordHash: string
}

interface AccountRow {
  user_id: string
  email: string
  display_name: string
  role: Account['role']
  password_hash: string
  registered_at: Date
}

const fromRow = (row: AccountRow): StoredAccount => ({
  userId: row.user_id,
  email: row.email,
  displayName: row.display_name,
  role: row.role,
  passwordHash: row.password_hash,
  registeredAt: row.registered_at.getTime()
})

/** The account as its owner sees it. */
export function withoutHash(stored: StoredAccount): Account {
  const { passwordHash: _passwordHash, ...account } = stored
  return account
}

const columns = 'user_id, email, display_name, role, password_hash, registered_at'

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
    `insert into accounts (${columns}) values ($1, $2, $3, $4, $5, $6)
     on conflict (email) do nothing
     returning ${columns}`,
    [
      account.userId,
      account.email,
      account.displayName,
      account.role,
      account.passwordHash,
      new Date(account.registeredAt)
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

export async function makeAdmin(client: PoolClient, userId: string, passwordHash: string): Promise<void> {
  await client.query(`update accounts set role = 'admin', password_hash = $2 where user_id = $1`, [
    userId,
    passwordHash
  ])
}
