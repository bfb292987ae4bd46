import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freshPostgres } from '../../../test/support/database.ts'
import { aSale, deliver, happenings } from './order-under-test.ts'
import { runOrder } from './running-order.ts'

let order: Awaited<ReturnType<typeof runOrder>>
let admin: { authorization: string }
let ada: { authorization: string }
let bob: { authorization: string }
const releases: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  const postgres = await freshPostgres('order')
  order = await runOrder({ postgresUrl: postgres.url })
  admin = await order.signIn('alice', 'admin')
  ada = await order.signIn('ada')
  bob = await order.signIn('bob')
  releases.push(order.stop, () => postgres.release())
  // Numbers 0 to 24 become orders, of ada where even and of bob where odd; 25 sells out, 26 is not paid, 27 stays open.
  const sales = Array.from({ length: 28 }, (_, number) =>
    aSale(number, { userId: number % 2 === 0 ? 'ada' : 'bob', productId: number < 26 ? 'lamp' : 'vase' })
  )
  // Several share a moment, so that pages must cut within one.
  for (const [index, sale] of sales.entries())
    await deliver(order.pool, [happenings.confirmed(sale)], 1_000 + Math.floor(index / 4))
  for (const [index, sale] of sales.slice(0, 25).entries())
    await deliver(order.pool, [happenings.captured(sale)], 2_000 + Math.floor(index / 4))
  await deliver(order.pool, [happenings.rejected(sales[25]!), happenings.declined(sales[26]!)], 3_000)
})
afterAll(async () => {
  for (const release of releases) await release()
})

type Headers = Record<string, string>
const get = async (url: string, headers: Headers = {}) =>
  (await order.app.inject({ url, headers })).json() as Record<string, never>

/** Follows the cursor to the end and answers the order numbers of all pages. */
const pages = async (url: string, headers: Headers): Promise<string[]> => {
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = (await get(
      `${url}${url.includes('?') ? '&' : '?'}limit=3${cursor === undefined ? '' : `&cursor=${cursor}`}`,
      headers
    )) as unknown as {
      items: { orderNumber?: string; sale?: { orderNumber: string } }[]
      nextCursor?: string
    }
    expect(page.items.length).toBeLessThanOrEqual(3)
    seen.push(...page.items.map((item) => item.orderNumber ?? item.sale!.orderNumber))
    cursor = page.nextCursor
  } while (cursor !== undefined)
  return seen
}
const numbers = (keep: (number: number) => boolean, count = 28): string[] =>
  Array.from({ length: count }, (_, number) => number)
    .filter(keep)
    .map((number) => `auction.${number}`)

describe('orders', () => {
  test('a buyer sees his own, each once over all pages, newest first', async () => {
    const seen = await pages('/api/orders', ada)
    expect(seen.toSorted()).toEqual(numbers((number) => number % 2 === 0, 25).toSorted())
    expect(seen[0]).toBe('auction.24')
  })
  test('an admin sees all, or one user’s, or one auction’s', async () => {
    expect((await pages('/api/orders', admin)).toSorted()).toEqual(numbers(() => true, 25).toSorted())
    expect((await pages('/api/orders?userId=bob', admin)).toSorted()).toEqual(
      numbers((number) => number % 2 === 1, 25).toSorted()
    )
    expect(await pages('/api/orders?auctionId=other', admin)).toEqual([])
  })
  test('one order is read by its buyer and by an admin', async () => {
    const expected = {
      orderNumber: 'auction.2',
      userId: 'ada',
      totalMinor: 250,
      paymentId: 'payment',
      createdAt: 2_000
    }
    expect(await get('/api/orders/auction.2', ada)).toMatchObject(expected)
    expect(await get('/api/orders/auction.2', admin)).toMatchObject(expected)
  })
  test('another user’s order looks the same as none', async () => {
    const [others, none] = [await get('/api/orders/auction.2', bob), await get('/api/orders/auction.999', bob)]
    expect(others).toMatchObject({ status: 404, code: 'ORDER_NOT_FOUND' })
    expect({ ...others, instance: '' }).toEqual({ ...none, instance: '' })
  })
  test('a failed sale has no order', async () => {
    expect(await get('/api/orders/auction.25', admin)).toMatchObject({ code: 'ORDER_NOT_FOUND' })
  })
  test('another user’s list is refused', async () => {
    expect(await get('/api/orders?userId=ada', bob)).toMatchObject({ status: 403, code: 'FORBIDDEN' })
  })
})

describe('sales', () => {
  test('an admin follows them by status and product', async () => {
    expect((await pages('/api/sales', admin)).toSorted()).toEqual(numbers(() => true).toSorted())
    expect((await pages('/api/sales?status=failed', admin)).toSorted()).toEqual(['auction.25', 'auction.26'])
    expect(await pages('/api/sales?status=open', admin)).toEqual(['auction.27'])
    expect((await pages('/api/sales?productId=vase', admin)).toSorted()).toEqual(['auction.26', 'auction.27'])
  })
  test('a buyer sees where his sale stands, and nobody else’s', async () => {
    expect(await get('/api/sales/auction.26', ada)).toMatchObject({
      status: 'failed',
      payment: 'declined',
      reason: 'PAYMENT_DECLINED',
      endedAt: 3_000
    })
    const open = await get('/api/sales/auction.27', bob)
    expect(open).toMatchObject({ status: 'open', stock: 'waiting', payment: 'waiting' })
    expect(open).not.toHaveProperty('endedAt')
    expect(await get('/api/sales/auction.27', ada)).toMatchObject({ status: 404, code: 'SALE_NOT_FOUND' })
  })
  test('are counted by how they ended', async () => {
    expect(await get('/api/sales-count', admin)).toEqual({
      open: 1,
      ordered: 25,
      failed: 2,
      reasons: { SOLD_OUT: 1, PAYMENT_DECLINED: 1 }
    })
    expect(await get('/api/sales-count?productId=vase', admin)).toEqual({
      open: 1,
      ordered: 0,
      failed: 1,
      reasons: { PAYMENT_DECLINED: 1 }
    })
  })
  test.each(['/api/sales', '/api/sales-count'])('%s is for admins', async (url) => {
    expect(await get(url, ada)).toMatchObject({ status: 403, code: 'FORBIDDEN' })
  })
})

describe('bad input is a problem with its code', () => {
  test.each([
    ['/api/orders', {}, 401, 'UNAUTHENTICATED'],
    ['/api/orders', { authorization: 'Bearer eyJh.e30.c2ln' }, 401, 'UNAUTHENTICATED'],
    ['/api/orders?limit=0', undefined, 400, 'INVALID_INPUT'],
    ['/api/orders?limit=100000', undefined, 400, 'INVALID_INPUT'],
    ['/api/orders?limit=two', undefined, 400, 'INVALID_INPUT'],
    ['/api/orders?color=red', undefined, 400, 'INVALID_INPUT'],
    ['/api/orders?cursor=nonsense', undefined, 400, 'INVALID_INPUT'],
    ['/api/orders?cursor=OTk5OTk5OTk5OTk5OTk5OX5hLjE', undefined, 400, 'INVALID_INPUT'],
    ['/api/orders/not%20an%20order', undefined, 400, 'INVALID_INPUT'],
    ['/api/sales?status=lost', undefined, 400, 'INVALID_INPUT']
  ])('%s %j', async (url, headers: Headers | undefined, status, code) => {
    const answer = await order.app.inject({ url, headers: headers ?? admin })
    expect(answer.headers['content-type']).toContain('application/problem+json')
    expect(answer.json()).toMatchObject({ status, code })
  })
  test('there is no way to write an order', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
      const answer = await order.app.inject({ method, url: '/api/orders/auction.2', headers: admin })
      expect(answer.json()).toMatchObject({ status: 405, code: 'METHOD_NOT_ALLOWED' })
    }
  })
})
