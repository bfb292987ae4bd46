import * as fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readProductStock } from '../src/store/stock-rows.ts'
import {
  aDatabase,
  aSale,
  bidFailed,
  confirmSales,
  emptyAll,
  endSales,
  orderCreated,
  saleConfirmed,
  setStock
} from './inventory-under-test.ts'

let database: Awaited<ReturnType<typeof aDatabase>>
beforeAll(async () => {
  database = await aDatabase()
})
afterAll(() => database.release())
beforeEach(async () => {
  await emptyAll(database.pool)
})

const setLamps = (available: number, location = 'main') =>
  setStock(database.pool, { productId: 'lamp', location, available })
const confirm = (events: Parameters<typeof confirmSales>[1]) => confirmSales(database.pool, events)
const end = (events: Parameters<typeof endSales>[1]) => endSales(database.pool, events)
const figures = async () => {
  const stock = await readProductStock(database.pool, 'lamp')
  return stock && { available: stock.available, reserved: stock.reserved, sold: stock.sold }
}
const emitted = async (): Promise<Record<string, number>> => {
  const { rows } = await database.pool.query<{ type: string; count: number }>(
    `select headers->>'ce_type' as type, count(*)::int as count from outbox group by 1`
  )
  return Object.fromEntries(rows.map(({ type, count }) => [type.split('.')[1], count]))
}

describe('a rush', () => {
  const buyers = Array.from({ length: 500 }, (_, number) => saleConfirmed(aSale(number)))

  test('stock of 10 and 500 buyers: exactly the first 10 are reserved, 490 rejected, nothing is left', async () => {
    await setLamps(10)
    const allocations = await confirm(buyers)
    expect(allocations.map(({ outcome }) => outcome)).toEqual(
      buyers.map((_, index) => (index < 10 ? 'reserved' : 'rejected'))
    )
    expect(await figures()).toEqual({ available: 0, reserved: 10, sold: 0 })
    expect(await emitted()).toEqual({ StockReserved: 10, StockRejected: 490, StockChanged: 2 })
  })

  test('a batch updates the row of a hot product once', async () => {
    await setLamps(1000)
    await database.pool.query(`
      create table updates (at timestamptz default clock_timestamp());
      create function note_update() returns trigger language plpgsql as $$ begin insert into updates default values; return new; end $$;
      create trigger note_update after update on stock for each row execute function note_update()`)
    try {
      await confirm(buyers)
      const { rows } = await database.pool.query('select count(*)::int as count from updates')
      expect(rows[0].count).toBe(1)
      const stock = await readProductStock(database.pool, 'lamp')
      expect(stock?.locations[0]).toMatchObject({ available: 500, reserved: 500, version: 2 })
    } finally {
      await database.pool.query('drop trigger note_update on stock; drop function note_update; drop table updates')
    }
  })

  test('several processes that serve one product at once never sell a piece twice', async () => {
    await setLamps(30)
    const batches = Array.from({ length: 10 }, (_, index) => buyers.slice(index * 50, index * 50 + 50))
    const allocations = (await Promise.all(batches.map(confirm))).flat()
    expect(allocations.filter(({ outcome }) => outcome === 'reserved')).toHaveLength(30)
    expect(await figures()).toEqual({ available: 0, reserved: 30, sold: 0 })
  })
})

describe('repeats', () => {
  test('the same delivery twice, and the same sale under another event id, change nothing', async () => {
    await setLamps(10)
    const sale = aSale(1, { quantity: 3 })
    await confirm([saleConfirmed(sale), saleConfirmed(sale), saleConfirmed(sale, true)])
    await confirm([saleConfirmed(sale)])
    await confirm([saleConfirmed(sale, true)])
    expect(await figures()).toEqual({ available: 7, reserved: 3, sold: 0 })
    await end([orderCreated(sale), orderCreated(sale, true)])
    await end([orderCreated(sale, true)])
    expect(await figures()).toEqual({ available: 7, reserved: 0, sold: 3 })
    expect(await emitted()).toEqual({ StockReserved: 1, StockChanged: 3 })
  })

  test('a rejected sale stays rejected when stock comes later', async () => {
    await setLamps(0)
    await confirm([saleConfirmed(aSale(1))])
    await setLamps(5)
    await confirm([saleConfirmed(aSale(1), true)])
    expect(await figures()).toEqual({ available: 5, reserved: 0, sold: 0 })
  })
})

describe('the end of a sale', () => {
  test('an order turns what was held into sold; a failure gives it back', async () => {
    await setLamps(10)
    const [ordered, failed] = [aSale(1, { quantity: 2 }), aSale(2, { quantity: 3 })]
    await confirm([saleConfirmed(ordered), saleConfirmed(failed)])
    await end([orderCreated(ordered), bidFailed(failed)])
    expect(await figures()).toEqual({ available: 8, reserved: 0, sold: 2 })
    expect(await emitted()).toEqual({ StockReserved: 2, StockReleased: 1, StockChanged: 4 })
  })

  test('a sale that failed before it was known here never takes stock', async () => {
    await setLamps(10)
    await end([bidFailed(aSale(1))])
    expect(await confirm([saleConfirmed(aSale(1))])).toEqual([])
    expect(await figures()).toEqual({ available: 10, reserved: 0, sold: 0 })
    expect(await emitted()).toEqual({ StockChanged: 1 })
  })

  test('the same holds where no stock of the product was known at the time', async () => {
    await end([bidFailed(aSale(1))])
    await setLamps(10)
    await confirm([saleConfirmed(aSale(1))])
    expect(await figures()).toEqual({ available: 10, reserved: 0, sold: 0 })
  })

  test('an order without held pieces is counted as oversold and takes nothing', async () => {
    await setLamps(10)
    await end([orderCreated(aSale(1, { quantity: 4 }))])
    expect(await figures()).toEqual({ available: 10, reserved: 0, sold: 0 })
    const { rows } = await database.pool.query(`select quantity from reservations where status = 'oversold'`)
    expect(rows).toEqual([{ quantity: 4 }])
  })

  test('in any order of arrival, with repeats, from several processes: no piece is made or lost, and every sale ends as it was told', async () => {
    const steps = fc.array(
      fc.record({
        number: fc.integer({ min: 0, max: 5 }),
        what: fc.constantFrom('confirmed', 'ended'),
        again: fc.boolean()
      }),
      { minLength: 5, maxLength: 40 }
    )
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 6 }), fc.nat(12), async (drawn, batchSize, available) => {
        await emptyAll(database.pool)
        await setLamps(available)
        // An order can only follow a reservation that was announced; every other sale can end at any moment, seen or unseen.
        const sales = Array.from({ length: 6 }, (_, number) => aSale(number, { quantity: 1 + (number % 3) }))
        const willBeOrdered = async (number: number): Promise<boolean> => {
          if (number % 2 === 0) return false
          const { rows } = await database.pool.query('select status from reservations where order_number = $1', [
            sales[number]!.orderNumber
          ])
          return rows[0]?.status === 'reserved' || rows[0]?.status === 'sold'
        }
        const ended = new Map<number, 'ordered' | 'failed'>()
        for (let start = 0; start < drawn.length; start += batchSize) {
          const batch = drawn.slice(start, start + batchSize)
          const endings = []
          for (const { number, what, again } of batch) {
            if (what !== 'ended') continue
            if (!ended.has(number)) ended.set(number, (await willBeOrdered(number)) ? 'ordered' : 'failed')
            const sale = sales[number]!
            endings.push(ended.get(number) === 'ordered' ? orderCreated(sale, again) : bidFailed(sale, again))
          }
          const confirmations = batch.flatMap(({ number, what, again }) =>
            what === 'confirmed' ? [saleConfirmed(sales[number]!, again)] : []
          )
          await Promise.all([confirm(confirmations), end(endings)])
        }
        const stock = (await figures())!
        expect(stock.available + stock.reserved + stock.sold).toBe(available)
        const { rows } = await database.pool.query<{ order_number: string; status: string; quantity: number }>(
          'select order_number, status, quantity from reservations'
        )
        const sum = (status: string): number =>
          rows.reduce((pieces, row) => pieces + (row.status === status ? row.quantity : 0), 0)
        expect({ reserved: sum('reserved'), sold: sum('sold'), oversold: sum('oversold') }).toEqual({
          ...stock,
          available: undefined,
          oversold: 0
        })
        for (const [number, outcome] of ended) {
          const status = rows.find((row) => row.order_number === sales[number]!.orderNumber)?.status
          expect(outcome === 'ordered' ? ['sold'] : ['released', 'rejected', 'closed']).toContain(status)
        }
      }),
      { numRuns: 25 }
    )
  })
})

test('the database itself refuses a figure below zero', async () => {
  await setLamps(1)
  await expect(database.pool.query('update stock set available = available - 2')).rejects.toThrow(
    /stock_available_check/
  )
})
