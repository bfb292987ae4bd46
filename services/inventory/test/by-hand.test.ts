import * as fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { StockCommand } from '../src/domain/commands.ts'
import { applyCommands } from '../src/store/apply-commands.ts'
import { askAboutExpired } from '../src/store/expire-reservations.ts'
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
  setStock,
  terms
} from './inventory-under-test.ts'

/** Commands by hand, sales over several locations, expiry and the history, on a real PostgreSQL. */

let database: Awaited<ReturnType<typeof aDatabase>>
beforeAll(async () => {
  database = await aDatabase(12)
})
afterAll(() => database.release())
beforeEach(() => emptyAll(database.pool))

const apply = (...commands: StockCommand[]) => applyCommands(database.pool, commands, 5)
const lamp = { productId: 'lamp', actor: 'ada', reason: 'a reason' }
const places = async (): Promise<Record<string, number[]>> => {
  const stock = await readProductStock(database.pool, 'lamp')
  return Object.fromEntries(
    (stock?.locations ?? []).map(({ location, available, reserved, sold }) => [location, [available, reserved, sold]])
  )
}
const told = async (): Promise<string[]> => {
  const { rows } = await database.pool.query(
    `select headers->>'ce_type' as type, value::jsonb as data from outbox order by id`
  )
  return rows.map(({ type, data }) =>
    `${type.replace('gavel.', '')} ${data.location ?? JSON.stringify(data.parts) ?? ''} ${data.reason ?? ''}`.trim()
  )
}

/** What must hold of the whole database at any moment. */
async function expectSound(): Promise<void> {
  const { rows } = await database.pool.query(`
    with history as (
      select product_id, location, sum(available_change) as available, sum(reserved_change) as reserved, sum(sold_change) as sold,
             sum(available_change) filter (where reason in ('set', 'adjusted', 'transferred')) as supplied, max(version) as version
        from stock_history group by product_id, location),
    held as (
      select product_id, part->>'location' as location,
             coalesce(sum((part->>'quantity')::bigint) filter (where status = 'reserved'), 0) as reserved,
             coalesce(sum((part->>'quantity')::bigint) filter (where status = 'sold'), 0) as sold
        from reservations, jsonb_array_elements(parts) as part group by 1, 2)
    select stock.* from stock
      left join history using (product_id, location)
      left join held using (product_id, location)
     where (stock.available, stock.reserved, stock.sold, stock.supplied, stock.version)
             is distinct from (history.available, history.reserved, history.sold, history.supplied, history.version)
        or (stock.reserved, stock.sold) is distinct from (coalesce(held.reserved, 0), coalesce(held.sold, 0))`)
  expect(rows).toEqual([])
}

describe('a transfer', () => {
  const move = (quantity: number, from = 'main', to = 'north', commandId = 'move-1'): StockCommand => ({
    ...lamp,
    kind: 'transfer',
    commandId,
    from,
    to,
    quantity
  })

  test('moves both sides in one transaction, once for its id, and both sides are told', async () => {
    await setStock(database.pool, { productId: 'lamp', location: 'main', available: 5 })
    const [first, again] = await Promise.all([apply(move(2)), apply(move(2))])
    expect([first[0]!.outcome, again[0]!.outcome].toSorted((a, b) => (a < b ? -1 : 1))).toEqual(['applied', 'repeated'])
    expect(await places()).toEqual({ main: [3, 0, 0], north: [2, 0, 0] })
    expect(await apply(move(3))).toMatchObject([{ outcome: 'refused', code: 'TRANSFER_ID_REUSED' }])
    expect(await told()).toEqual([
      'StockChanged.v1 main set',
      'StockChanged.v2 main transferred',
      'StockChanged.v2 north transferred'
    ])
    await expectSound()
  })

  test('to and fro at the same time makes and loses nothing', async () => {
    await setStock(database.pool, { productId: 'lamp', location: 'main', available: 20 })
    await setStock(database.pool, { productId: 'lamp', location: 'north', available: 20 })
    const moves = Array.from({ length: 24 }, (_, number) =>
      number % 2 === 0 ? move(3, 'main', 'north', `m-${number}`) : move(2, 'north', 'main', `m-${number}`)
    )
    await Promise.all(moves.map((each) => apply(each)))
    const { main, north } = await places()
    expect(main![0]! + north![0]!).toBe(40)
    await expectSound()
  })

  test('to a new place from two processes at once begins it once', async () => {
    await setStock(database.pool, { productId: 'lamp', location: 'main', available: 8 })
    await Promise.all([1, 2, 3, 4].map((number) => apply(move(2, 'main', 'south', `m-${number}`))))
    expect(await places()).toEqual({ main: [0, 0, 0], south: [8, 0, 0] })
  })
})

describe('a command id', () => {
  test('used for two products at the same moment counts for one of them', async () => {
    for (const productId of ['lamp', 'vase'])
      await setStock(database.pool, { productId, location: 'main', available: 1 })
    const adjust = (productId: string): StockCommand => ({
      ...lamp,
      productId,
      kind: 'adjust',
      commandId: 'count-1',
      location: 'main',
      delta: 1
    })
    const results = await Promise.all([apply(adjust('lamp')), apply(adjust('vase'))])
    expect(results.map(([result]) => result!.outcome).toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      'applied',
      'refused'
    ])
    await expectSound()
  })

  test('keeps a set that is delivered late from undoing what came after it', async () => {
    const set: StockCommand = { ...lamp, kind: 'set', commandId: 'count-1', location: 'main', available: 9 }
    await apply(set)
    await apply({ ...lamp, kind: 'adjust', commandId: 'take-1', location: 'main', delta: -4 })
    expect(await apply(set)).toMatchObject([{ outcome: 'repeated', stock: { available: 5 } }])
  })

  test('of a refused command in a batch is free, and the others are carried out', async () => {
    const adjust = (commandId: string, delta: number): StockCommand => ({
      ...lamp,
      kind: 'adjust',
      commandId,
      location: 'main',
      delta
    })
    await setStock(database.pool, { productId: 'lamp', location: 'main', available: 1 })
    const results = await apply(adjust('a', -1), adjust('b', -1), adjust('c', 3), adjust('c', 3))
    expect(results.map(({ outcome }) => outcome)).toEqual(['applied', 'refused', 'applied', 'repeated'])
    expect(await apply(adjust('b', -1))).toMatchObject([{ outcome: 'applied', stock: { available: 2 } }])
    await expectSound()
  })
})

describe('a sale over several locations', () => {
  test('is held, told in parts, and given back where it came from', async () => {
    for (const [location, available] of [
      ['a', 2],
      ['b', 3]
    ] as const)
      await setStock(database.pool, { productId: 'lamp', location, available })
    const sale = aSale(1, { quantity: 4 })
    await confirmSales(database.pool, [saleConfirmed(sale)])
    expect(await places()).toEqual({ a: [1, 1, 0], b: [0, 3, 0] })
    await endSales(database.pool, [bidFailed(sale)])
    expect(await places()).toEqual({ a: [2, 0, 0], b: [3, 0, 0] })
    const parts = JSON.stringify([
      { location: 'b', quantity: 3 },
      { location: 'a', quantity: 1 }
    ])
    expect((await told()).filter((each) => !each.startsWith('StockChanged'))).toEqual([
      `StockReserved.v2 ${parts}`,
      `StockReleased.v2 ${parts}`
    ])
    await expectSound()
  })

  test('the database refuses parts that are not the whole', async () => {
    await setStock(database.pool, { productId: 'lamp', location: 'a', available: 9 })
    await confirmSales(database.pool, [saleConfirmed(aSale(1, { quantity: 4 }))])
    for (const parts of [
      '[]',
      '[{"location": "a", "quantity": 3}]',
      '[{"location": "a", "quantity": 3}, {"location": "b", "quantity": 2}]'
    ])
      await expect(database.pool.query('update reservations set parts = $1', [parts])).rejects.toThrow(
        /reservations_parts/
      )
  })
})

describe('a reservation nobody ends', () => {
  const questions = async () => {
    const { rows } = await database.pool.query(
      `select headers->>'ce_id' as id, value::jsonb as data from outbox where headers->>'ce_type' = 'gavel.ReservationExpired.v1' order by id`
    )
    return rows
  }

  test('is asked about when its time is over, again after a while, and not before; its pieces stay held', async () => {
    await setStock(database.pool, { productId: 'lamp', location: 'main', available: 5 })
    const sale = aSale(1, { quantity: 2 })
    await confirmSales(database.pool, [saleConfirmed(sale)], 1_000)
    const expiresAt = 1_000 + terms.reservationTtlMs
    expect(await askAboutExpired(database.pool, expiresAt - 1, { againMs: 500 })).toBe(0)
    const sweeps = await Promise.all([1, 2, 3].map(() => askAboutExpired(database.pool, expiresAt, { againMs: 500 })))
    expect(sweeps.reduce((sum, asked) => sum + asked, 0)).toBe(1)
    expect(await askAboutExpired(database.pool, expiresAt + 499, { againMs: 500 })).toBe(0)
    expect(await askAboutExpired(database.pool, expiresAt + 500, { againMs: 500 })).toBe(1)
    expect(await questions()).toEqual([
      { id: 'auction.1.ReservationExpired.1', data: { sale, reservedAt: 1_000, expiredAt: expiresAt, asked: 1 } },
      { id: 'auction.1.ReservationExpired.2', data: { sale, reservedAt: 1_000, expiredAt: expiresAt + 500, asked: 2 } }
    ])
    expect(await places()).toEqual({ main: [3, 2, 0] })
  })

  test('is given back, or sold, by the answer; then nobody asks any more', async () => {
    await setStock(database.pool, { productId: 'lamp', location: 'main', available: 5 })
    await confirmSales(database.pool, [saleConfirmed(aSale(1)), saleConfirmed(aSale(2))], 1_000)
    await askAboutExpired(database.pool, 999_999, { againMs: 500 })
    await endSales(database.pool, [orderCreated(aSale(1)), bidFailed(aSale(2))])
    expect(await places()).toEqual({ main: [4, 0, 1] })
    expect(await askAboutExpired(database.pool, 9_999_999, { againMs: 500 })).toBe(0)
    await expectSound()
  })
})

describe('the history', () => {
  test.each(['update stock_history set note = null', 'delete from stock_history', 'truncate stock_history'])(
    'is refused by the database itself: %s',
    async (statement) => {
      await expect(database.pool.query(statement)).rejects.toThrow(/is refused: its rows are immutable/)
    }
  )

  test.each<[string, RegExp]>([
    ['update stock set available = available - 6, supplied = supplied - 6', /stock_available_check/],
    ['update stock set available = available + 1', /stock_is_what_came_in/],
    ['update stock set sold = sold + 1', /stock_is_what_came_in/]
  ])('and the figures are guarded by it: %s', async (statement, constraint) => {
    await setStock(database.pool, { productId: 'lamp', location: 'main', available: 5 })
    await expect(database.pool.query(statement)).rejects.toThrow(constraint)
  })
})

test('any schedule of sales, ends and commands from several processes at once leaves nothing made, lost or below zero', async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('confirm' as const), number: fc.nat(9) }),
    fc.record({ do: fc.constant('end' as const), number: fc.nat(9) }),
    fc.record({
      do: fc.constant('adjust' as const),
      number: fc.nat(5),
      location: fc.constantFrom('a', 'b'),
      delta: fc.integer({ min: -4, max: 4 })
    }),
    fc.record({
      do: fc.constant('set' as const),
      number: fc.nat(5),
      location: fc.constantFrom('a', 'b', 'c'),
      delta: fc.nat(6)
    }),
    fc.record({
      do: fc.constant('transfer' as const),
      number: fc.nat(5),
      location: fc.constantFrom('a', 'b', 'c'),
      delta: fc.integer({ min: 1, max: 4 })
    })
  )
  const sales = Array.from({ length: 10 }, (_, number) => aSale(number, { quantity: 1 + (number % 4) }))
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { minLength: 3, maxLength: 12 }),
      async (waves) => {
        await emptyAll(database.pool)
        for (const location of ['a', 'b']) await setStock(database.pool, { productId: 'lamp', location, available: 6 })
        const ordered = new Set<number>()
        for (const wave of waves) {
          const { rows } = await database.pool.query<{ order_number: string }>(
            `select order_number from reservations where status = 'reserved'`
          )
          // Even sales become orders once they are held; one that became an order is never told to have failed.
          for (const { order_number: held } of rows)
            if (Number(held.split('.')[1]) % 2 === 0) ordered.add(Number(held.split('.')[1]))
          await Promise.all(
            wave.map(async (each) => {
              if (each.do === 'confirm')
                return await confirmSales(database.pool, [saleConfirmed(sales[each.number]!, true)])
              if (each.do === 'end') {
                const sale = sales[each.number]!
                if (each.number % 2 === 0 && !ordered.has(each.number)) return undefined
                return await endSales(database.pool, [
                  ordered.has(each.number) ? orderCreated(sale, true) : bidFailed(sale, true)
                ])
              }
              const commandId = `id-${each.number}`
              if (each.do === 'adjust')
                return await apply({ ...lamp, kind: 'adjust', commandId, location: each.location, delta: each.delta })
              if (each.do === 'set')
                return await apply({ ...lamp, kind: 'set', commandId, location: each.location, available: each.delta })
              const to = each.location === 'a' ? 'b' : 'a'
              return await apply({
                ...lamp,
                kind: 'transfer',
                commandId,
                from: each.location,
                to,
                quantity: each.delta
              })
            })
          )
          await expectSound()
        }
        const { rows } = await database.pool.query(
          `select count(*)::int as count from reservations where status = 'oversold'`
        )
        expect(rows[0].count).toBe(0)
      }
    ),
    { numRuns: 20 }
  )
})
