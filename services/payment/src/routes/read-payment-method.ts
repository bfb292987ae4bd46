import type { Pool } from 'pg'
import type { readPaymentMethod as operation } from '@gavel/contracts/api/payment.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import { readPaymentMethod } from '../store/payment-methods.ts'

export const readPaymentMethodRoute =
  ({ pool }: { pool: Pool }): Handler<typeof operation> =>
  async ({ user }) => {
    const method = await readPaymentMethod(pool, user.userId)
    if (!method) throw new Refusal('PAYMENT_METHOD_MISSING')
    return { status: 200, body: method }
  }
