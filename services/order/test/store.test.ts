import * as fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findSale } from '../src/store/read-sales.ts'
import { advanceClock, timeOutSales } from '../src/store/time-out-sales.ts'
import { aDatabase, announcedEnds, aSale, deliver, happenings, timeouts, type Happening } from './order-under-test.ts'

let database: Awaited<ReturnType<typeof aDatabase>>
beforeAll(async () => {
  database = await aDatabase()
})
afterAll(() => database.release())

/** Orders cannot be deleted, not even by a test: it takes the triggers off for a moment, as nobody else does. */
const empty = () =>
  database.pool.query(`
    alter table orders disable trigger orders_are_immutable;
    alter table outcomes disable trigger outcomes_are_immutable;
    truncate sales, outcomes, orders, outbox, inbox;
    update saga_clock set caught_up_at = null;
    alter table orders enable always trigger orders_are_immutable;
    alter table outcomes enable always trigger outcomes_are_immutable`)
beforeEach(empty)

const terms = { timeouts, outageMs: 30_000 }
const status = async (number: number) => {
  const sale = await findSale(database.pool, aSale(number).orderNumber)
  return (
    sale && {
      status: sale.status,
      stock: sale.stock,
      payment: sale.payment,
      ...(sale.reason && { reason: sale.reason })
    }
  )
}
const orderNumbers = async (): Promise<string[]> => {
  const { rows } = await database.pool.query<{ order_number: string }>(
    'select order_number from orders order by order_number'
  )
  return rows.map((row) => row.order_number)
}

describe('a sale', () => {
  test('goes from its confirmation to an order', async () => {
    const sale = aSale(1)
    await deliver(database.pool, [happenings.confirmed(sale)])
    expect(await status(1)).toEqual({ status: 'open', stock: 'waiting', payment: 'waiting' })
    await deliver(database.pool, [happenings.reserved(sale)])
    await deliver(database.pool, [happenings.captured(sale)])
    expect(await status(1)).toEqual({ status: 'ordered', stock: 'reserved', payment: 'captured' })
    expect(await announcedEnds(database.pool)).toEqual(new Map([['auction.1', ['OrderCreated']]]))
  })

  test('goes on where its pieces come from several locations', async () => {
    const sale = aSale(1)
    await deliver(database.pool, [happenings.confirmed(sale)])
    await deliver(database.pool, [happenings.reservedInParts(sale)])
    expect(await status(1)).toEqual({ status: 'open', stock: 'reserved', payment: 'waiting' })
  })

  test('whose end is asked for tells it once more, word for word', async () => {
    const [ordered, failed] = [aSale(1), aSale(2)]
    await deliver(database.pool, [happenings.reserved(ordered), happenings.captured(ordered)])
    await deliver(database.pool, [happenings.reserved(failed), happenings.declined(failed)])
    const told = async () => {
      const { rows } = await database.pool.query(
        `select distinct key, value, headers from outbox where topic = 'orders' order by key`
      )
      return rows
    }
    const before = await told()
    await deliver(database.pool, [happenings.asked(ordered), happenings.asked(failed)], 2_000)
    expect(await announcedEnds(database.pool)).toEqual(
      new Map([
        ['auction.1', ['OrderCreated', 'OrderCreated']],
        ['auction.2', ['PAYMENT_DECLINED', 'PAYMENT_DECLINED']]
      ])
    )
    expect(await told()).toEqual(before)
  })

  test('that only inventory knows of is ended in its time when its end is asked for', async () => {
    await deliver(database.pool, [happenings.asked(aSale(1))], 1_000)
    expect(await timeOutSales(database.pool, 1_000 + timeouts.paymentMs - 1, 9_000, terms)).toHaveLength(0)
    expect(await timeOutSales(database.pool, 1_000 + timeouts.paymentMs, 9_000, terms)).toHaveLength(1)
    expect(await announcedEnds(database.pool)).toEqual(new Map([['auction.1', ['TIMED_OUT']]]))
  })

  test('whole batches of sales end in one go', async () => {
    const sales = Array.from({ length: 500 }, (_, number) => aSale(number))
    await deliver(
      database.pool,
      sales.map((sale) => happenings.confirmed(sale))
    )
    await deliver(
      database.pool,
      sales.map((sale, index) => (index < 10 ? happenings.reserved(sale) : happenings.rejected(sale)))
    )
    await deliver(
      database.pool,
      sales.slice(0, 10).map((sale) => happenings.captured(sale))
    )
    const ends = [...(await announcedEnds(database.pool)).values()].flat()
    expect(ends.filter((end) => end === 'OrderCreated')).toHaveLength(10)
    expect(ends.filter((end) => end === 'SOLD_OUT')).toHaveLength(490)
  })
})

describe('a sale that nobody answers', () => {
  const open = async (): Promise<void> => {
    await deliver(database.pool, [happenings.confirmed(aSale(1))], 1_000)
  }

  test('is failed when its time is over and not before', async () => {
    await open()
    expect(await timeOutSales(database.pool, 1_999, 9_000, terms)).toEqual([])
    expect(await timeOutSales(database.pool, 2_000, 9_000, terms)).toHaveLength(1)
    expect(await timeOutSales(database.pool, 3_000, 9_000, terms)).toEqual([])
    expect(await status(1)).toMatchObject({ status: 'failed', reason: 'TIMED_OUT' })
    expect(await announcedEnds(database.pool)).toEqual(new Map([['auction.1', ['TIMED_OUT']]]))
  })

  test('gets the payment step’s own time once stock is held', async () => {
    await open()
    await deliver(database.pool, [happenings.reserved(aSale(1))], 1_900)
    expect(await timeOutSales(database.pool, 6_899, 9_000, terms)).toEqual([])
    expect(await timeOutSales(database.pool, 6_900, 9_000, terms)).toHaveLength(1)
  })

  test('a capture after its time-out makes no order, and no second end is announced', async () => {
    await open()
    await timeOutSales(database.pool, 2_000, 2_000, terms)
    await deliver(database.pool, [happenings.reserved(aSale(1)), happenings.captured(aSale(1))])
    await deliver(database.pool, [happenings.released(aSale(1)), happenings.refunded(aSale(1))])
    expect(await orderNumbers()).toEqual([])
    expect(await announcedEnds(database.pool)).toEqual(new Map([['auction.1', ['TIMED_OUT']]]))
    expect(await status(1)).toEqual({ status: 'failed', stock: 'released', payment: 'refunded', reason: 'TIMED_OUT' })
  })

  test('capture and time-out at the same moment: one of them wins', async () => {
    const sales = Array.from({ length: 40 }, (_, number) => aSale(number))
    await deliver(
      database.pool,
      sales.map((sale) => happenings.confirmed(sale)),
      0
    )
    await Promise.all([
      ...sales.map((sale) => deliver(database.pool, [happenings.captured(sale)])),
      ...sales.map(() => timeOutSales(database.pool, 2_000, 2_000, terms))
    ])
    // What the sweep passed over because a capture held it has ended by that capture.
    const ends = await announcedEnds(database.pool)
    expect(sales.map(({ orderNumber }) => ends.get(orderNumber)?.length)).toEqual(sales.map(() => 1))
    expect(await orderNumbers()).toHaveLength([...ends.values()].flat().filter((end) => end === 'OrderCreated').length)
  })

  test('an outage is not charged to it', async () => {
    await open()
    expect(await advanceClock(database.pool, 1_500, terms)).toBe(0)
    expect(await advanceClock(database.pool, 101_500, terms)).toBe(100_000)
    expect(await timeOutSales(database.pool, 101_500, 101_500, terms)).toEqual([])
    expect(await timeOutSales(database.pool, 102_000, 102_000, terms)).toHaveLength(1)
  })

  test('two sweeps at once give the time of an outage back once', async () => {
    await open()
    await advanceClock(database.pool, 1_500, terms)
    await Promise.all([1, 2, 3].map(() => advanceClock(database.pool, 101_500, terms)))
    expect((await findSale(database.pool, 'auction.1'))?.deadlineAt).toBe(102_000)
  })
})

describe('in any order of arrival, with repeats, from three consumers and the sweep at once', () => {
  const words: (Happening | 'sweep')[] = [...(Object.keys(happenings) as Happening[]), 'sweep']
  const drawing = fc.array(fc.record({ number: fc.nat(3), what: fc.constantFrom(...words), again: fc.boolean() }), {
    minLength: 1,
    maxLength: 40
  })

  test('a sale ends at most once, an order exists exactly where it ended well, and what ends a sale does end it', async () => {
    await fc.assert(
      fc.asyncProperty(drawing, fc.integer({ min: 1, max: 8 }), async (drawn, batchSize) => {
        await empty()
        for (let start = 0; start < drawn.length; start += batchSize) {
          const batch = drawn.slice(start, start + batchSize)
          const events = batch.flatMap(({ number, what, again }) =>
            what === 'sweep' ? [] : [happenings[what](aSale(number), again)]
          )
          const sweeps = batch.filter(({ what }) => what === 'sweep')
          await Promise.all([
            deliver(database.pool, events),
            ...sweeps.map(() => timeOutSales(database.pool, 2_000, 2_000, terms))
          ])
        }
        const ends = await announcedEnds(database.pool)
        const orders = await orderNumbers()
        for (const number of [0, 1, 2, 3]) {
          const { orderNumber } = aSale(number)
          const announced = ends.get(orderNumber) ?? []
          // Told again only where the end was asked for, and then the same.
          const asked = drawn.filter((step) => step.number === number && step.what === 'asked').length
          expect(new Set(announced).size).toBeLessThanOrEqual(1)
          expect(announced.length).toBeLessThanOrEqual(1 + asked)
          expect(orders.includes(orderNumber)).toBe(announced[0] === 'OrderCreated')
          const mustEnd = drawn.some(
            (step) => step.number === number && ['rejected', 'captured', 'declined'].includes(step.what)
          )
          expect(announced.length).toBeGreaterThanOrEqual(mustEnd ? 1 : 0)
          const standing = await findSale(database.pool, orderNumber)
          expect(standing?.status ?? 'open').toBe(
            announced[0] === undefined ? 'open' : announced[0] === 'OrderCreated' ? 'ordered' : 'failed'
          )
        }
      }),
      { numRuns: 30 }
    )
  })
})

describe('the database itself', () => {
  beforeEach(() => deliver(database.pool, [happenings.captured(aSale(1)), happenings.rejected(aSale(2))]))

  test.each([
    `update orders set total_minor = 1`,
    `delete from orders`,
    `truncate orders`,
    `update orders set total_minor = 1 where order_number = 'no-such.1'`,
    `update outcomes set outcome = 'ordered', reason = null`,
    `delete from outcomes`,
    `truncate outcomes cascade`,
    `truncate sales cascade`
  ])('refuses: %s', async (statement) => {
    await expect(database.pool.query(statement)).rejects.toThrow(/is refused: its rows are immutable/)
  })

  test('refuses even where ordinary triggers are switched off', async () => {
    const client = await database.pool.connect()
    try {
      await client.query(`begin; set local session_replication_role = replica`)
      await expect(client.query('delete from orders')).rejects.toThrow(/immutable/)
    } finally {
      await client.query('rollback')
      client.release()
    }
  })

  test('gives the owner of the tables no right to change orders', async () => {
    const { rows } = await database.pool.query(
      `select privilege_type from information_schema.role_table_grants where table_name = 'orders' and privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE')`
    )
    expect(rows).toEqual([])
  })

  test('refuses an order for a sale that failed', async () => {
    await expect(
      database.pool.query(
        `insert into orders select 'auction.2', 'ordered', auction_id, product_id, user_id, quantity, unit_price_minor, total_minor, currency,
                confirmed_at, payment_id, created_at from orders limit 1`
      )
    ).rejects.toThrow(/foreign key/)
  })

  test('refuses a second end', async () => {
    await expect(
      database.pool.query(`insert into outcomes values ('auction.1', 'failed', 'TIMED_OUT', now())`)
    ).rejects.toThrow(/outcomes_pkey/)
  })
})
