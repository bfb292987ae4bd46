import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createProductCache } from '../src/store/product-cache.ts'
import { find } from '../src/store/products.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { aBreakableRoute, aCatalog, connected, type Catalog, type Process } from './catalog.ts'

let catalog: Catalog
let route: Awaited<ReturnType<typeof aBreakableRoute>>
let process: Process
/** Its way to Redis never breaks. */
let other: Process
beforeEach(async () => {
  catalog = await aCatalog()
  route = await aBreakableRoute(catalog.redis.url)
  process = await catalog.start(route.url)
  other = await catalog.start()
  await connected(process)
  await connected(other)
})
afterEach(async () => {
  await catalog.release()
  await route.cut()
})

const path = '/api/products/watch'
const add = async () => await process.call('POST', '/api/products', { productId: 'watch', title: 'First' })
const change = async (title: string, by = process) => await by.call('PATCH', path, { title })
const titleSeenBy = async (by: Process): Promise<string> => (await by.call('GET', path)).body.title
const reads = async (result: string, by = other): Promise<number> =>
  (await by.dependencies.metrics.cacheReads.get()).values.find(({ labels }) => labels.result === result)?.value ?? 0

describe('the cache', () => {
  test('answers what was read before, without the database', async () => {
    await add()
    await other.pool.query(`update products set title = 'changed behind the service’s back'`)
    expect(await titleSeenBy(other)).toBe('First')
    expect(await reads('hit')).toBe(1)
  })

  test('shows a change and a removal in every process at once', async () => {
    await add()
    for (let round = 0; round < 20; round += 1) {
      const by = round % 2 === 0 ? process : other
      await change(`Title ${round}`, by)
      expect([await titleSeenBy(process), await titleSeenBy(other)]).toEqual([`Title ${round}`, `Title ${round}`])
    }
    await process.call('DELETE', path)
    expect((await other.call('GET', path)).status).toBe(410)
  })

  test('is not set back by a reader who took its row before the change', async () => {
    await add()
    await other.redis.del('product:watch')
    // This reader has the old row in hand while the change is made.
    const { promise: inHand, resolve: hasRow } = Promise.withResolvers<void>()
    const { promise: changed, resolve: proceed } = Promise.withResolvers<void>()
    const slow = createProductCache({
      context: other.context,
      redis: other.redis,
      metrics: other.dependencies.metrics,
      load: async (productId) => {
        const row = await find(other.pool, productId)
        hasRow()
        await changed
        return row
      }
    })
    const reading = slow.read('watch')
    await inHand
    await change('Second')
    proceed()
    expect(await reading).toMatchObject({ title: 'First' })
    // Its write goes out before this read, on the same connection.
    expect(await titleSeenBy(other)).toBe('Second')
    expect(await other.redis.get('product:watch')).toContain('Second')
  })

  test('under readers and writers in two processes never goes back to an older version', async () => {
    await add()
    const seen: number[][] = [[], []]
    const writing = { on: true }
    const readers = [process, other].map(async (by, index) => {
      while (writing.on) seen[index]?.push((await by.call('GET', path)).body.version)
    })
    for (let round = 0; round < 60; round += 1) {
      if (round % 7 === 0) await other.redis.del('product:watch')
      await change(`Title ${round}`, round % 2 === 0 ? process : other)
    }
    writing.on = false
    await Promise.all(readers)
    // Entries were even evicted meanwhile; each process still sees time go forward.
    for (const versions of seen) expect(versions).toEqual(versions.toSorted((a, b) => a - b))
    expect([await titleSeenBy(process), await titleSeenBy(other)]).toEqual(['Title 59', 'Title 59'])
  })
})

describe('with Redis away', () => {
  test('everything works, from the database', async () => {
    await add()
    await route.cut()
    await eventually(() => process.redis.status !== 'ready', { what: 'the break to be noticed' })
    expect(await titleSeenBy(process)).toBe('First')
    expect((await change('Second')).status).toBe(200)
    expect(await titleSeenBy(process)).toBe('Second')
    expect((await process.call('GET', '/api/products')).body.items).toHaveLength(1)
    expect((await process.call('GET', '/readyz')).body).toMatchObject({
      status: 'ready',
      parts: { redis: { status: 'down' } }
    })
    expect(await reads('fault', process)).toBeGreaterThan(0)
  })

  test('a change made meanwhile is told as soon as it is back, as it is by then', async () => {
    await add()
    expect(await titleSeenBy(other)).toBe('First')
    await route.cut()
    await eventually(() => process.redis.status !== 'ready', { what: 'the break to be noticed' })
    await change('Second')
    await change('Third')
    await route.mend()
    await eventually(async () => (await other.redis.get('product:watch'))?.includes('Third'), {
      what: 'the change in the cache'
    })
    expect(await titleSeenBy(other)).toBe('Third')
  })

  test('and its process gone before it is back, a change is seen when the entry ends', async () => {
    await add()
    const short = createProductCache({
      context: other.context,
      redis: other.redis,
      metrics: other.dependencies.metrics,
      load: async (productId) => await find(other.pool, productId),
      ttlMs: 200
    })
    await other.redis.del('product:watch')
    expect(await short.read('watch')).toMatchObject({ title: 'First' })
    await other.pool.query(`update products set title = 'Second', version = 2`)
    await eventually(async () => (await short.read('watch'))?.title === 'Second', { what: 'the entry to end' })
  })
})
