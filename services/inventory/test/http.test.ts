import { audit } from '@gavel/contracts/topics.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freshPostgres, freshRedis } from '../../../test/support/database.ts'
import { aSale, confirmSales, saleConfirmed } from './inventory-under-test.ts'
import { runInventory } from './running-inventory.ts'

let inventory: Awaited<ReturnType<typeof runInventory>>
let admin: { authorization: string }
let bidder: { authorization: string }
let postgres: Awaited<ReturnType<typeof freshPostgres>>
const releases: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  postgres = await freshPostgres('inventory')
  const redis = freshRedis('inventory')
  inventory = await runInventory({ postgresUrl: postgres.url, redis })
  admin = await inventory.signIn('alice', 'admin')
  bidder = await inventory.signIn('bob')
  releases.push(
    inventory.stop,
    () => redis.release(),
    () => postgres.release()
  )
})
afterAll(async () => {
  for (const release of releases) await release()
})

type Headers = Record<string, string>
const read = (productId: string) => inventory.app.inject({ url: `/api/stock/${productId}` })
const put = (productId: string, payload: unknown, headers: Headers = admin) =>
  inventory.app.inject({ method: 'PUT', url: `/api/stock/${productId}`, headers, payload: payload as object })
const adjust = (productId: string, payload: unknown, headers: Headers = admin) =>
  inventory.app.inject({
    method: 'POST',
    url: `/api/stock/${productId}/adjustments`,
    headers,
    payload: payload as object
  })
const stored = async (): Promise<unknown> => {
  const { rows } = await inventory.pool.query(
    `select (select count(*) from stock) as stock, (select count(*) from stock_commands) as commands, (select count(*) from outbox where topic <> $1) as outbox`,
    [audit.name]
  )
  return rows[0]
}

describe('stock', () => {
  test('is set by an admin, at any number of locations, and read by anyone in sum', async () => {
    expect((await put('lamp', { available: 4 })).json()).toMatchObject({
      productId: 'lamp',
      available: 4,
      locations: [{ location: 'main', version: 1 }]
    })
    expect((await put('lamp', { available: 3, location: 'north' })).statusCode).toBe(200)
    expect((await read('lamp')).json()).toMatchObject({
      available: 7,
      reserved: 0,
      sold: 0,
      locations: [{ location: 'main' }, { location: 'north' }]
    })
  })

  test('set to what it is already changes nothing and tells nobody', async () => {
    await put('clock', { available: 4 })
    const before = await stored()
    expect((await put('clock', { available: 4 })).json()).toMatchObject({ locations: [{ version: 1 }] })
    expect(await stored()).toEqual(before)
  })

  test('is adjusted once for each adjustment id', async () => {
    await put('desk', { available: 4 })
    const body = { adjustmentId: 'desk-1', delta: -3, reason: 'broken in transport' }
    expect((await adjust('desk', body)).json()).toMatchObject({ available: 1 })
    expect((await adjust('desk', body)).json()).toMatchObject({ available: 1 })
    expect((await adjust('desk', { ...body, delta: -1 })).json()).toMatchObject({
      status: 409,
      code: 'ADJUSTMENT_ID_REUSED'
    })
    expect((await adjust('desk', { ...body, adjustmentId: 'desk-2' })).json()).toMatchObject({
      code: 'STOCK_INSUFFICIENT',
      available: 1
    })
    expect((await read('desk')).json()).toMatchObject({ available: 1 })
  })

  test('the same adjustment sent many times at once counts once', async () => {
    await put('chair', { available: 0 })
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => adjust('chair', { adjustmentId: 'chair-1', delta: 5, reason: 'delivery' }))
    )
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(answers.map(() => 200))
    expect((await read('chair')).json()).toMatchObject({ available: 5 })
  })

  test('of a product nobody keeps is a 404 with its code', async () => {
    expect((await read('nothing')).json()).toMatchObject({ status: 404, code: 'STOCK_NOT_FOUND' })
    const adjustment = { adjustmentId: 'nothing-1', delta: 1, reason: 'found' }
    expect((await adjust('nothing', adjustment)).json()).toMatchObject({ status: 404, code: 'STOCK_NOT_FOUND' })
  })
})

describe('transfers and history', () => {
  const transfer = (payload: object, headers: Headers = admin) =>
    inventory.app.inject({ method: 'POST', url: '/api/stock/crate/transfers', headers, payload })
  const history = (query = '', headers: Headers = admin) =>
    inventory.app.inject({ url: `/api/stock/crate/history${query}`, headers })
  const move = { transferId: 'crate-1', from: 'main', to: 'north', quantity: 3, reason: 'more room' }

  test('pieces are moved once, and every change is told: what, who, why, for which sale', async () => {
    await put('crate', { available: 5, commandId: 'crate-set', reason: 'first delivery' })
    expect((await transfer(move)).json()).toMatchObject({
      available: 5,
      version: 3,
      locations: [
        { location: 'main', available: 2 },
        { location: 'north', available: 3 }
      ]
    })
    expect((await transfer(move)).statusCode).toBe(200)
    expect((await transfer({ ...move, quantity: 1 })).json()).toMatchObject({ status: 409, code: 'TRANSFER_ID_REUSED' })
    const sale = aSale(1, { productId: 'crate', orderNumber: 'crate.1', quantity: 4 })
    await confirmSales(inventory.pool, [saleConfirmed(sale)], 7)
    const { items } = (await history()).json()
    expect(items).toMatchObject([
      {
        location: 'main',
        reason: 'reserved',
        change: { available: -1, reserved: 1 },
        orderNumber: 'crate.1',
        changedAt: 7
      },
      {
        location: 'north',
        reason: 'reserved',
        change: { available: -3, reserved: 3 },
        after: { available: 0, reserved: 3 }
      },
      { location: 'north', reason: 'transferred', change: { available: 3 }, commandId: 'crate-1', note: 'more room' },
      { location: 'main', reason: 'transferred', change: { available: -3 }, after: { available: 2 } },
      { location: 'main', reason: 'set', change: { available: 5 }, commandId: 'crate-set', note: 'first delivery' }
    ])
    const first = (await history('?limit=2')).json()
    expect(first.items).toEqual(items.slice(0, 2))
    const next = (await history(`?limit=3&cursor=${first.nextCursor}`)).json()
    expect(next).toEqual({ items: items.slice(2) })
    expect((await history('?orderNumber=crate.1&location=main')).json().items).toEqual([items[0]])
  })

  test.each<[string, object, number, string]>([
    ['to itself', { ...move, to: 'main' }, 422, 'TRANSFER_TO_ITSELF'],
    ['of too many', { ...move, quantity: 900 }, 409, 'STOCK_INSUFFICIENT'],
    ['from nowhere', { ...move, from: 'moon' }, 404, 'STOCK_NOT_FOUND'],
    ['of nothing', { ...move, quantity: 0 }, 400, 'INVALID_INPUT'],
    ['without a reason', { ...move, reason: '' }, 400, 'INVALID_INPUT']
  ])('a transfer %s is refused and stores nothing', async (_, payload, status, code) => {
    const before = await stored()
    expect((await transfer({ ...payload, transferId: 'crate-2' })).json()).toMatchObject({ status, code })
    expect(await stored()).toEqual(before)
  })

  test('are an admin’s alone', async () => {
    expect((await transfer(move, bidder)).json()).toMatchObject({ status: 403, code: 'FORBIDDEN' })
    expect((await history('', bidder)).json()).toMatchObject({ status: 403, code: 'FORBIDDEN' })
    expect((await history('', {})).json()).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' })
  })
})

describe('listings for admins', () => {
  const get = (url: string, headers: Headers = admin) => inventory.app.inject({ url, headers })
  const walk = async (url: string): Promise<Record<string, unknown>[]> => {
    const items: Record<string, unknown>[] = []
    for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
      const page = (await get(`${url}${cursor === undefined ? '' : `&cursor=${cursor}`}`)).json()
      expect(page.items.length).toBeLessThanOrEqual(2)
      items.push(...page.items)
      cursor = page.nextCursor
    }
    return items
  }

  test('stock comes product by product, whole, and can be walked page by page', async () => {
    for (const productId of ['shelf-c', 'shelf-a', 'shelf-b']) {
      await put(productId, { available: 1, location: 'attic' })
      await put(productId, { available: 2, location: 'cellar' })
    }
    const shelves = await walk('/api/stock?limit=2&location=attic')
    expect(shelves.map(({ productId, available }) => [productId, available])).toEqual([
      ['shelf-a', 3],
      ['shelf-b', 3],
      ['shelf-c', 3]
    ])
    const all = (await walk('/api/stock?limit=2')).map(({ productId }) => String(productId))
    expect(all).toEqual([...new Set(all)].toSorted())
    expect(all).toContain('shelf-b')
  })

  test('reservations come newest first, by order number, state and product', async () => {
    await put('bench', { available: 2 })
    const sales = Array.from({ length: 5 }, (_, number) =>
      saleConfirmed(aSale(number, { productId: 'bench', orderNumber: `bench.${number}` }))
    )
    await confirmSales(inventory.pool, sales)
    const all = await walk('/api/reservations?limit=2&productId=bench')
    expect(all.map(({ orderNumber }) => orderNumber)).toEqual(['bench.4', 'bench.3', 'bench.2', 'bench.1', 'bench.0'])
    expect(await walk('/api/reservations?limit=2&productId=bench&state=reserved')).toHaveLength(2)
    expect((await get('/api/reservations?orderNumber=bench.1')).json().items).toMatchObject([
      {
        orderNumber: 'bench.1',
        productId: 'bench',
        quantity: 1,
        state: 'reserved',
        parts: [{ location: 'main', quantity: 1 }]
      }
    ])
    expect((await get('/api/reservations?orderNumber=bench.4')).json().items).toMatchObject([
      { state: 'rejected', parts: [] }
    ])
  })

  test.each(['/api/stock?cursor=YSBi', '/api/reservations?cursor=x', '/api/reservations?state=gone'])(
    'a wrong question is refused: %s',
    async (url) => {
      expect((await get(url)).json()).toMatchObject({ status: 400, code: 'INVALID_INPUT' })
    }
  )

  test.each(['/api/stock', '/api/reservations'])('are nobody else’s: %s', async (url) => {
    expect((await get(url, bidder)).json()).toMatchObject({ status: 403, code: 'FORBIDDEN' })
    expect((await get(url, {})).json()).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' })
  })
})

describe('what is refused stores nothing', () => {
  test.each<[string, unknown, string, Headers | undefined, number, string]>([
    ['no token', { available: 1 }, 'lamp', {}, 401, 'UNAUTHENTICATED'],
    ['a forged token', { available: 1 }, 'lamp', { authorization: 'Bearer eyJh.e30.c2ln' }, 401, 'UNAUTHENTICATED'],
    ['a negative count', { available: -1 }, 'lamp', undefined, 400, 'INVALID_INPUT'],
    ['a huge count', { available: 1e15 }, 'lamp', undefined, 400, 'INVALID_INPUT'],
    ['half a piece', { available: 1.5 }, 'lamp', undefined, 400, 'INVALID_INPUT'],
    ['a text for a number', { available: '5' }, 'lamp', undefined, 400, 'INVALID_INPUT'],
    ['an unknown member', { available: 5, sold: 0 }, 'lamp', undefined, 400, 'INVALID_INPUT'],
    ['an id of another form', { available: 5 }, 'lamp%20%27--', undefined, 400, 'INVALID_INPUT'],
    ['a location of another form', { available: 5, location: 'a/b' }, 'lamp', undefined, 400, 'INVALID_INPUT'],
    ['no body', undefined, 'lamp', undefined, 400, 'INVALID_INPUT'],
    [
      'a body beyond the limit',
      { available: 5, location: 'x'.repeat(100_000) },
      'lamp',
      undefined,
      413,
      'BODY_TOO_LARGE'
    ]
  ])('%s', async (_, payload, productId, headers, status, code) => {
    const before = await stored()
    const answer = await put(productId, payload, headers)
    expect(answer.headers['content-type']).toContain('application/problem+json')
    expect(answer.json()).toMatchObject({ status, code })
    expect(await stored()).toEqual(before)
  })

  test('a bidder’s hand on stock', async () => {
    const before = await stored()
    expect((await put('lamp', { available: 1 }, bidder)).json()).toMatchObject({ status: 403, code: 'FORBIDDEN' })
    const adjustment = { adjustmentId: 'x', delta: 1, reason: 'mine' }
    expect((await adjust('lamp', adjustment, bidder)).json()).toMatchObject({ status: 403, code: 'FORBIDDEN' })
    expect(await stored()).toEqual(before)
  })

  test('an adjustment beyond what a location may hold', async () => {
    await put('sofa', { available: 1_000_000_000 })
    const adjustment = { adjustmentId: 'sofa-1', delta: 1, reason: 'one more' }
    expect((await adjust('sofa', adjustment)).json()).toMatchObject({ code: 'STOCK_LIMIT' })
  })
})
