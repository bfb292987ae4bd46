import { randomUUID } from 'node:crypto'
import type { EventDefinition } from '@gavel/contracts/define.ts'
import {
  PaymentCaptured,
  PaymentDeclined,
  PaymentRefunded,
  ReservationExpired,
  SaleConfirmed,
  StockRejected,
  StockReleased,
  StockReserved,
  StockReservedV2
} from '@gavel/contracts/events/sale.ts'
import type { Sale } from '@gavel/contracts/primitives.ts'
import { consumerGroup } from '@gavel/contracts/services.ts'
import { payments, reservations, saleConfirmed } from '@gavel/contracts/topics.ts'
import { Secret } from '@gavel/platform/config.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { createPool, type Pool } from '@gavel/platform/postgres/pool.ts'
import { createContext } from '@gavel/platform/service.ts'
import { freshPostgres } from '../../../test/support/database.ts'
import { paymentFact } from '../src/consumers/payments.ts'
import { reservationFact } from '../src/consumers/reservations.ts'
import { saleConfirmedFact } from '../src/consumers/sale-confirmed.ts'
import type { Timeouts } from '../src/domain/progress.ts'
import { recordEvents, type SagaEvent } from '../src/store/record-events.ts'

/** Order's store on a database of its own, and builders of what it is told. */

export async function aDatabase(poolMax = 5) {
  const postgres = await freshPostgres('order')
  const context = createContext({ name: 'order', logLevel: 'silent' })
  const pool = createPool({ url: new Secret(postgres.url), poolMax }, context)
  return {
    context,
    pool,
    url: postgres.url,
    release: async () => {
      await context.closers.closeAll(10_000)
      await postgres.release()
    }
  }
}

export const timeouts: Timeouts = { stockMs: 1_000, paymentMs: 5_000 }

export const aSale = (number: number, over: Partial<Sale> = {}): Sale => ({
  orderNumber: `auction.${number}`,
  auctionId: 'auction',
  productId: 'lamp',
  userId: 'ada',
  quantity: 1,
  unitPriceMinor: 250,
  totalMinor: 250,
  currency: 'USD',
  confirmedAt: 500,
  ...over
})

const incoming = <Definition extends EventDefinition>(
  definition: Definition,
  sale: Sale,
  again: boolean,
  data: object
): IncomingEvent<Definition> => {
  const id = again ? randomUUID() : `${sale.orderNumber}.${definition.name}`
  return {
    definition,
    name: definition.name,
    id,
    key: sale.orderNumber,
    data: { sale, ...data },
    time: 0,
    subject: undefined,
    source: 'test',
    topic: 'test',
    partition: 0,
    offset: '0'
  } as unknown as IncomingEvent<Definition>
}

/** `again` gives the same event under another id: a repeat that the inbox does not know. */
export const happenings = {
  confirmed: (sale: Sale, again = false) => incoming(SaleConfirmed, sale, again, {}),
  reserved: (sale: Sale, again = false) => incoming(StockReserved, sale, again, { location: 'main', reservedAt: 1 }),
  reservedInParts: (sale: Sale, again = false) =>
    incoming(StockReservedV2, sale, again, {
      parts: [
        { location: 'main', quantity: 1 },
        { location: 'north', quantity: 1 }
      ],
      reservedAt: 1
    }),
  asked: (sale: Sale, again = false) =>
    incoming(ReservationExpired, sale, again, { reservedAt: 1, expiredAt: 2, asked: 1 }),
  rejected: (sale: Sale, again = false) => incoming(StockRejected, sale, again, { reason: 'SOLD_OUT', available: 0 }),
  released: (sale: Sale, again = false) => incoming(StockReleased, sale, again, { location: 'main', releasedAt: 1 }),
  captured: (sale: Sale, again = false) =>
    incoming(PaymentCaptured, sale, again, { paymentId: 'payment', capturedAt: 1 }),
  declined: (sale: Sale, again = false) =>
    incoming(PaymentDeclined, sale, again, { paymentId: 'payment', reason: 'PAYMENT_DECLINED', declinedAt: 1 }),
  refunded: (sale: Sale, again = false) =>
    incoming(PaymentRefunded, sale, again, { paymentId: 'payment', refundedAt: 1 })
}
export type Happening = keyof typeof happenings

/** Hands events over as the three consumers do: each topic's in one transaction, the topics at the same time. */
export async function deliver(pool: Pool, events: readonly SagaEvent[], now = 1_000): Promise<void> {
  const of = (topic: { name: string; events: readonly EventDefinition[] }) => ({
    group: consumerGroup('order', topic as never),
    events: events.filter(({ definition }) => topic.events.includes(definition))
  })
  await Promise.all([
    recordEvents(pool, { ...of(saleConfirmed), toFact: saleConfirmedFact as never }, now, timeouts),
    recordEvents(pool, { ...of(reservations), toFact: reservationFact as never }, now, timeouts),
    recordEvents(pool, { ...of(payments), toFact: paymentFact as never }, now, timeouts)
  ])
}

/** Events that wait in the outbox, by sale: every end that was ever announced. */
export async function announcedEnds(pool: Pool): Promise<Map<string, string[]>> {
  const { rows } = await pool.query<{ key: string; type: string; value: string }>(
    `select key, headers->>'ce_type' as type, value from outbox where topic = 'orders' order by id`
  )
  const ends = new Map<string, string[]>()
  for (const { key, type, value } of rows) {
    const reason = (JSON.parse(value) as { reason?: string }).reason
    ends.set(key, [...(ends.get(key) ?? []), reason ?? type.split('.')[1]!])
  }
  return ends
}
