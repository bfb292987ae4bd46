import { generateKeyPairSync } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { errors } from '@gavel/contracts/errors.ts'
import { services } from '@gavel/contracts/services.ts'
import { addProduct } from '@gavel/contracts/api/catalog.ts'
import { readLedger } from '@gavel/contracts/api/bidding.ts'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { House, type Bidder } from './house.ts'

/**
 * Whatever comes in at the gateway, the answer is a problem document with a code of the list, nothing is stored, and nothing secret is
 * logged.
 */
describe('bad input at the gateway', () => {
  let house: House
  let bidder: Bidder
  let other: Bidder
  let productId: string
  let auctionId: string
  let orderNumber: string
  let adminToken: string

  beforeAll(async () => {
    house = await House.open()
    ;[bidder, other] = (await house.bidders(2)) as [Bidder, Bidder]
    productId = await house.product(5)
    auctionId = await house.auction(productId)
    const { receipt } = await house.bid(auctionId, bidder)
    orderNumber = receipt?.orderNumber ?? ''
    await house.settled(productId, 1)
    adminToken = await house.adminToken()
  })
  afterAll(() => house.close())

  interface Answer {
    status: number
    contentType: string
    body: { code?: string; type?: string; title?: string; status?: number }
  }
  const send = async (
    method: string,
    path: string,
    options: { token?: string; body?: unknown; raw?: string; contentType?: string } = {}
  ): Promise<Answer> => {
    const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body))
    const response = await fetch(house.platform.url + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': options.contentType ?? 'application/json' }),
        ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` })
      },
      ...(body === undefined ? {} : { body })
    })
    const text = await response.text()
    return {
      status: response.status,
      contentType: response.headers.get('content-type') ?? '',
      body: JSON.parse(text) as Answer['body']
    }
  }
  const expectProblem = (answer: Answer, ...codes: (keyof typeof errors)[]): void => {
    expect(answer.contentType).toMatch(/^application\/problem\+json/)
    expect(codes).toContain(answer.body.code)
    const { status, title } = errors[answer.body.code as keyof typeof errors]
    expect(answer.status).toBe(status)
    expect(answer.body).toMatchObject({ status, title, type: expect.stringContaining(answer.body.code ?? '') })
  }
  const ledgerLength = async (): Promise<number> => {
    const { entries } = await house.gateway.call(readLedger, { params: { auctionId }, query: { limit: 1000 } })
    return entries.length
  }
  const bids = () => `/api/auctions/${auctionId}/bids`

  test.each([
    ['an amount in words', { bidId: 'a', amountMinor: '1000' }],
    ['a negative amount', { bidId: 'a', amountMinor: -1 }],
    ['no amount', { bidId: 'a' }],
    ['an amount of zero', { bidId: 'a', amountMinor: 0 }],
    ['a broken amount', { bidId: 'a', amountMinor: 10.5 }],
    ['an amount beyond the bound', { bidId: 'a', amountMinor: 1e15 }],
    ['an amount that is no safe integer', { bidId: 'a', amountMinor: 2 ** 60 }],
    ['a bid id with separators', { bidId: '../../x', amountMinor: 1000 }],
    ['a bid id of a thousand letters', { bidId: 'x'.repeat(1000), amountMinor: 1000 }],
    ['a member nobody asked for', { bidId: 'a', amountMinor: 1000, userId: 'someone-else' }],
    ['an object for the bid id', { bidId: { $gt: '' }, amountMinor: 1000 }],
    ['a list', [{ bidId: 'a', amountMinor: 1000 }]],
    ['null', null],
    ['a quantity below one', { bidId: 'a', amountMinor: 1000, quantity: 0 }]
  ])('a bid with %s is refused and not in the ledger', async (_what, body) => {
    const before = await ledgerLength()
    expectProblem(await send('POST', bids(), { token: bidder.token, body }), 'INVALID_INPUT')
    expect(await ledgerLength()).toBe(before)
  })

  test('malformed JSON, another media type and a body of 10 MB are refused by name', async () => {
    const before = await ledgerLength()
    expectProblem(await send('POST', bids(), { token: bidder.token, raw: '{"bidId": ' }), 'MALFORMED_JSON')
    expectProblem(
      await send('POST', bids(), { token: bidder.token, raw: 'bidId=a', contentType: 'text/plain' }),
      'UNSUPPORTED_MEDIA_TYPE'
    )
    expectProblem(
      await send('POST', bids(), { token: bidder.token, raw: `"${'x'.repeat(10_000_000)}"` }),
      'BODY_TOO_LARGE'
    )
    expect(await ledgerLength()).toBe(before)
  })

  test('unknown ids, addresses and methods say what is not there', async () => {
    expectProblem(
      await send('POST', '/api/auctions/nothing/bids', { token: bidder.token, body: { bidId: 'a', amountMinor: 1 } }),
      'AUCTION_NOT_FOUND'
    )
    expectProblem(await send('GET', '/api/auctions/nothing'), 'AUCTION_NOT_FOUND')
    expectProblem(await send('GET', '/api/products/nothing'), 'PRODUCT_NOT_FOUND')
    expectProblem(await send('GET', '/api/stock/nothing'), 'STOCK_NOT_FOUND')
    expectProblem(await send('GET', '/api/orders/nothing.1', { token: bidder.token }), 'ORDER_NOT_FOUND')
    expectProblem(await send('GET', '/api/nothing'), 'NOT_FOUND')
    expectProblem(await send('DELETE', bids(), { token: bidder.token }), 'NOT_FOUND', 'METHOD_NOT_ALLOWED')
  })

  test('another user’s order, sale, payment and bid cannot be seen', async () => {
    expectProblem(await send('GET', `/api/orders/${orderNumber}`, { token: other.token }), 'ORDER_NOT_FOUND')
    expectProblem(await send('GET', `/api/sales/${orderNumber}`, { token: other.token }), 'SALE_NOT_FOUND')
    expectProblem(await send('GET', `/api/payments/${orderNumber}`, { token: other.token }), 'PAYMENT_NOT_FOUND')
    const own = await send('GET', `/api/orders/${orderNumber}`, { token: bidder.token })
    expect(own.status).toBe(200)
  })

  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const payloadOf = (token: string) =>
    JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
  const forged: [string, () => Promise<string> | string][] = [
    ['not a token at all', () => 'nonsense'],
    [
      'an unsigned one (alg none)',
      () => `${encode({ alg: 'none', typ: 'JWT' })}.${encode({ ...payloadOf(adminToken), role: 'admin' })}.`
    ],
    [
      'one with another payload under the old signature',
      () => {
        const [header, , signature] = bidder.token.split('.')
        return `${header}.${encode({ ...payloadOf(bidder.token), role: 'admin' })}.${signature}`
      }
    ],
    [
      'one signed by another key under our key’s name',
      () => {
        const { privateKey } = generateKeyPairSync('ed25519')
        const header = JSON.parse(Buffer.from(bidder.token.split('.')[0] ?? '', 'base64url').toString()) as {
          kid: string
        }
        return new SignJWT({ ...payloadOf(bidder.token), role: 'admin' })
          .setProtectedHeader({ alg: 'EdDSA', kid: header.kid })
          .sign(privateKey)
      }
    ],
    [
      'one signed with the public key as a shared secret',
      async () => {
        const jwks = await (await fetch(`${house.platform.url}/.well-known/jwks.json`)).text()
        return new SignJWT(payloadOf(bidder.token)).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(jwks))
      }
    ]
  ]
  test.each(forged)('a token that is %s opens nothing', async (_what, make) => {
    const token = await make()
    const before = await ledgerLength()
    expectProblem(
      await send('POST', bids(), { token, body: { bidId: 'forged', amountMinor: 1000 } }),
      'UNAUTHENTICATED'
    )
    expectProblem(await send('POST', '/api/products', { token, body: { title: 'x' } }), 'UNAUTHENTICATED')
    expect(await ledgerLength()).toBe(before)
  })

  test('without a token, every operation that asks for a role answers 401; with a bidder’s, every admin operation answers 403', async () => {
    const operations = services.flatMap((service) => [...service.operations])
    for (const { method, path, role } of operations.filter((operation) => operation.role !== 'public')) {
      const address = path.replace(/:orderNumber/g, 'x.1').replace(/:\w+/g, 'x')
      const body = method === 'GET' || method === 'DELETE' ? {} : { body: {} }
      expectProblem(await send(method, address, body), 'UNAUTHENTICATED')
      if (role === 'admin') expectProblem(await send(method, address, { token: bidder.token, ...body }), 'FORBIDDEN')
    }
  })

  test('a body that never ends is cut off with 408 and holds nothing up', async () => {
    const { hostname, port } = new URL(house.platform.url)
    const socket = connect(Number(port), hostname)
    const heard: Buffer[] = []
    socket.on('data', (chunk) => heard.push(chunk)).on('error', () => undefined)
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    socket.write(
      `POST ${bids()} HTTP/1.1\r\nhost: gavel\r\nauthorization: Bearer ${bidder.token}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"bid`
    )
    await Promise.race([
      ended,
      eventually(() => heard.length > 0, { withinMs: 90_000, what: 'an answer to a slow body' })
    ])
    const text = Buffer.concat(heard).toString()
    socket.destroy()
    expect(text).toMatch(/^HTTP\/1\.1 408 /)
    expect(text).toContain('REQUEST_TIMEOUT')
  })

  test('a refused request stores no product', async () => {
    const title = `never-${Date.now()}`
    expectProblem(await send('POST', '/api/products', { token: bidder.token, body: { title } }), 'FORBIDDEN')
    expectProblem(
      await send('POST', '/api/products', { token: adminToken, body: { title, price: 1 } }),
      'INVALID_INPUT'
    )
    const { productId: kept } = await house.gateway.call(addProduct, { body: { title: 'kept' } }, { token: adminToken })
    const { body } = await send('GET', '/api/products?limit=200')
    const titles = (body as unknown as { items: { productId: string; title: string }[] }).items
    expect(titles.map((product) => product.productId)).toContain(kept)
    expect(titles.map((product) => product.title)).not.toContain(title)
  })

  test('no token, password or card number is in any log', async () => {
    const password = 'a-password-that-must-not-appear'
    const email = 'secretive@house.example'
    const registered = await send('POST', '/api/auth/register', { body: { email, password, displayName: 'S' } })
    const tokens = registered.body as unknown as { accessToken: string; refreshToken: string }
    await send('POST', '/api/auth/login', { body: { email, password: `${password}-wrong` } })
    await send('PUT', '/api/payment-method', {
      token: tokens.accessToken,
      body: { cardNumber: '4242424242424242', expiryMonth: 12, expiryYear: 2099, code: '9137' }
    })
    await send('PUT', '/api/payment-method', {
      token: tokens.accessToken,
      body: { cardNumber: '4242424242424241', expiryMonth: 12, expiryYear: 2099, code: '9137' }
    })
    await send('POST', '/api/auth/refresh', { body: { refreshToken: 'x'.repeat(500) } })
    const { logs } = house.platform.directories
    const all = readdirSync(logs)
      .map((file) => readFileSync(join(logs, file), 'utf8'))
      .join('\n')
    expect(all.length).toBeGreaterThan(1000)
    const secrets = [
      password,
      tokens.accessToken,
      tokens.refreshToken,
      bidder.token,
      adminToken,
      '4242424242424242',
      '4242424242424241',
      house.platform.admin.password
    ]
    for (const secret of secrets) expect(all.includes(secret), secret.slice(0, 12)).toBe(false)
  })
})
