import type { Pool } from 'pg'
import type { PaymentMethod } from '@gavel/contracts/api/payment.ts'

interface MethodRow {
  brand: string
  last_four: string
  expiry_month: number
  expiry_year: number
  stored_at: string
}

const methodOf = (row: MethodRow): PaymentMethod => ({
  brand: row.brand,
  lastFour: row.last_four,
  expiryMonth: row.expiry_month,
  expiryYear: row.expiry_year,
  storedAt: Number(row.stored_at)
})

const storeSql = `
  insert into payment_methods (user_id, token, brand, last_four, expiry_month, expiry_year, stored_at)
  values ($1, $2, $3, $4, $5, $6, $7)
  on conflict (user_id) do update
  set token = excluded.token, brand = excluded.brand, last_four = excluded.last_four,
    expiry_month = excluded.expiry_month, expiry_year = excluded.expiry_year, stored_at = excluded.stored_at
  returning brand, last_four, expiry_month, expiry_year, stored_at`

export async function storePaymentMethod(
  pool: Pool,
  userId: string,
  method: PaymentMethod & { token: string }
): Promise<PaymentMethod> {
  const { token, brand, lastFour, expiryMonth, expiryYear, storedAt } = method
  const { rows } = await pool.query<MethodRow>(storeSql, [
    userId,
    token,
    brand,
    lastFour,
    expiryMonth,
    expiryYear,
    storedAt
  ])
  return methodOf(rows[0]!)
}

const readSql = `select brand, last_four, expiry_month, expiry_year, stored_at from payment_methods where user_id = $1`

export async function readPaymentMethod(pool: Pool, userId: string): Promise<PaymentMethod | undefined> {
  const { rows } = await pool.query<MethodRow>(readSql, [userId])
  return rows[0] && methodOf(rows[0])
}

export async function forgetPaymentMethods(pool: Pool, userIds: readonly string[]): Promise<void> {
  await pool.query('delete from payment_methods where user_id = any($1)', [userIds])
}
