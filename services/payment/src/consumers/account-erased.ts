import type { Pool } from 'pg'
import type { AccountErased } from '@gavel/contracts/events/identity.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { forgetPaymentMethods } from '../store/payment-methods.ts'

/** The card goes with the person. What was paid stays, under an id that leads to nobody. */
export const accountErased =
  (pool: Pool) =>
  async (events: IncomingEvent<typeof AccountErased>[]): Promise<void> =>
    await forgetPaymentMethods(
      pool,
      events.map(({ data }) => data.userId)
    )
