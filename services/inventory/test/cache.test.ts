import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freshPostgres, freshRedis } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { generationKey, storeAll } from '../src/store/stock-cache.ts'
import { aSale, confirmSales, saleConfirmed, setStock } from './inventory-under-test.ts'
import { runInventory } from './running-inventory.ts'

/** Reads of stock through Redis: what they show, and that they show nothing old, whatever is away. */

type Inventory = Awaited<ReturnType<typeof runInventory>>
let postgres: Awaited<ReturnType<typeof freshPostgres>>
let redis: ReturnType<typeof freshRedis>
const stops: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  postgres = await freshPostgres('inventory')
  redis = freshRedis('inventory')
})
afterAll(async () => {
  for (const stop of stops.toReversed()) await stop()
  await redis.release()
  await postgres.release()
})

const run = async (over: Partial<Parameters<typeof runInventory>[0]> = {}): Promise<Inventory> => {
  const inventory = await runInventory({ postgresUrl: postgres.url, redis, ...over })
  stops.push(inventory.stop)
  return inventory
}
const read = async ({ app }: Inventory, productId: string) =>
  (await app.inject({ url: `/api/stock/${productId}` })).json()
const readsBy = async ({ app }: Inventory): Promise<Record<string, number>> => {
  const { body } = await app.inject({ url: '/metrics' })
  const found = body.matchAll(/gavel_inventory_cache_reads_total\{[^}]*result="([^"]+)"[^}]*\} (\d+)/g)
  return Object.fromEntries([...found].map(([, result, count]) => [result, Number(count)]))
}
const fed = (inventory: Inventory) =>
  eventually(() => inventory.redis.exists(generationKey), { what: 'the cache to be fed' })
/** Past the service, so that only the feed can tell the cache. The history is written as every transaction of the service writes it. */
const changeBehind = ({ pool }: Inventory, productId: string, available: number) =>
  setStock(pool, { productId, location: 'main', available })

describe('while the cache is fed', () => {
  let inventory: Inventory
  beforeAll(async () => {
    inventory = await run()
    await fed(inventory)
  })

  test('a product is loaded once and then read from Redis', async () => {
    await changeBehind(inventory, 'lamp', 4)
    await eventually(
      async () => {
        const before = await readsBy(inventory)
        await read(inventory, 'lamp')
        return ((await readsBy(inventory)).hit ?? 0) > (before.hit ?? 0)
      },
      { what: 'a hit' }
    )
    const before = await readsBy(inventory)
    for (let count = 0; count < 5; count += 1) expect(await read(inventory, 'lamp')).toMatchObject({ available: 4 })
    expect(await readsBy(inventory)).toEqual({ ...before, hit: before.hit! + 5 })
  })

  test('what a sale took is seen without anyone telling the cache', async () => {
    await changeBehind(inventory, 'vase', 9)
    await read(inventory, 'vase')
    await confirmSales(inventory.pool, [saleConfirmed(aSale(1, { productId: 'vase', quantity: 2 }))])
    await eventually(async () => (await read(inventory, 'vase')).available === 7, { what: 'the sale in the cache' })
    expect(await read(inventory, 'vase')).toMatchObject({ available: 7, reserved: 2, version: 2 })
  })

  test('an admin sees what he set at once, through another process too', async () => {
    const other = await run()
    const headers = await inventory.signIn('alice', 'admin')
    for (const available of [5, 6, 7, 8]) {
      await read(other, 'clock')
      await inventory.app.inject({ method: 'PUT', url: '/api/stock/clock', headers, payload: { available } })
      expect((await read(other, 'clock')).available).toBe(available)
    }
  })

  test('figures that come late do not replace newer ones', async () => {
    await changeBehind(inventory, 'bowl', 2)
    await changeBehind(inventory, 'bowl', 3)
    await eventually(async () => (await inventory.redis.get('stock:bowl'))?.includes('"version":2'))
    const generation = (await inventory.redis.get(generationKey))!
    const old = { productId: 'bowl', available: 99, reserved: 0, sold: 0, version: 1, locations: [] }
    await storeAll(inventory.redis, generation, [old], 60_000)
    expect(await read(inventory, 'bowl')).toMatchObject({ available: 3 })
  })

  test('a change of a transaction that began long ago is not missed when it commits', async () => {
    await changeBehind(inventory, 'rug', 2)
    await read(inventory, 'rug')
    const slow = await inventory.pool.connect()
    try {
      await slow.query('begin')
      await slow.query(`update stock set available = 1, supplied = 1, version = 2 where product_id = 'rug'`)
      await slow.query(`insert into stock_history (product_id, location, version, reason, available_change, reserved_change, sold_change,
          available, reserved, sold, actor, changed_at) values ('rug', 'main', 2, 'set', -1, 0, 0, 1, 0, 0, 'slow', now())`)
      // Others commit and are applied meanwhile, so the feed has gone past the slow one.
      for (const available of [1, 2, 3]) {
        await changeBehind(inventory, 'mat', available)
        await eventually(async () => (await read(inventory, 'mat')).available === available)
      }
      expect(await read(inventory, 'rug')).toMatchObject({ available: 2 })
      await slow.query(`select pg_notify('outbox', '')`)
      await slow.query('commit')
    } finally {
      slow.release()
    }
    await eventually(async () => (await inventory.redis.get('stock:rug'))?.includes('"version":2'), {
      what: 'the late change in the cache'
    })
    expect(await read(inventory, 'rug')).toMatchObject({ available: 1 })
  })

  test('the age of the cache and its bound are told', async () => {
    const { body } = await inventory.app.inject({ url: '/metrics' })
    expect(body).toMatch(/gavel_inventory_cache_age_seconds\{[^}]*\} [\d.e-]+\n/)
    expect(body).toMatch(/gavel_inventory_cache_bound_seconds\{[^}]*\} 60\n/)
  })
})

test('nothing older than the bound is shown when nobody feeds the cache; it is read from the database', async () => {
  await using own = await freshPostgres('inventory')
  await using away = freshRedis('inventory')
  const inventory = await runInventory({ postgresUrl: own.url, redis: away, cache: { boundMs: 1_000, ttlMs: 600_000 } })
  // The feeder loses its connection, and nobody can take its place.
  const holder = await inventory.pool.connect()
  try {
    await changeBehind(inventory, 'desk', 4)
    await eventually(async () => {
      await read(inventory, 'desk')
      return ((await readsBy(inventory)).hit ?? 0) > 0
    })
    // Waits in the server for the lock, so that it is next in line when the feeder's connection ends.
    const taken = holder.query('select pg_advisory_lock(4283510001)')
    const inLine = `select from pg_locks where locktype = 'advisory' and not granted`
    await eventually(async () => (await inventory.pool.query(inLine)).rowCount, { what: 'the lock to be waited for' })
    await inventory.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'inventory cache feed'`
    )
    await taken
    await eventually(async () => !(await inventory.redis.exists(generationKey)), { what: 'the trust to run out' })
    expect(await inventory.redis.get('stock:desk')).toContain('"available":4')
    await changeBehind(inventory, 'desk', 3)
    expect(await read(inventory, 'desk')).toMatchObject({ available: 3 })
    await changeBehind(inventory, 'desk', 2)
    expect(await read(inventory, 'desk')).toMatchObject({ available: 2 })
    expect((await readsBy(inventory))['not trusted']).toBeGreaterThan(0)
    await holder.query('select pg_advisory_unlock_all()')
    // What was stored before counts no more, and the next feeder begins anew.
    await fed(inventory)
    expect(await read(inventory, 'desk')).toMatchObject({ available: 2 })
  } finally {
    holder.release()
    await inventory.stop()
  }
})

test('reads are right while Redis is away, and the service stays ready', async () => {
  const inventory = await run({ redis: { url: 'redis://127.0.0.1:1', keyPrefix: '' } })
  const headers = await inventory.signIn('alice', 'admin')
  const url = '/api/stock/mirror'
  for (const available of [6, 5]) {
    await inventory.app.inject({ method: 'PUT', url, headers, payload: { available } })
    expect(await read(inventory, 'mirror')).toMatchObject({ available })
  }
  const ready = await inventory.app.inject({ url: '/readyz' })
  expect(ready.json()).toMatchObject({
    status: 'ready',
    parts: { redis: { status: 'down' }, postgres: { status: 'up' } }
  })
})
