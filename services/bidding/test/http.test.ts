import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { freshMongodb, freshTopics, type FreshTopics } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { verifySource } from '../src/verify/main.ts'
import { someAuction } from './rig.ts'
import { admin, bidder, startService, type Service } from './service.ts'

const mongodb = freshMongodb('bidding')
let topics: FreshTopics
let left: Service
let right: Service

beforeAll(async () => {
  topics = await freshTopics('bidding')
  left = await startService({ mongodb, topics })
  right = await startService({ mongodb, topics, tokens: left.tokens })
})
afterAll(async () => {
  await Promise.all([left.close(), right.close()])
  await Promise.all([topics.release(), mongodb.release()])
})

const bid = async (service: Service, auctionId: string, userId: string, body: object) =>
  await service.call('POST', `/api/auctions/${auctionId}/bids`, bidder(userId), body)
const opened = async (changes: Parameters<typeof someAuction>[0] = {}): Promise<string> => {
  const command = someAuction(changes)
  const answer = await left.call('POST', '/api/auctions', admin, command)
  expect(answer.status).toBe(201)
  return command.auctionId
}

describe('opening', () => {
  test('only an admin opens and closes', async () => {
    expect((await left.call('POST', '/api/auctions', bidder('ann'), someAuction())).body.code).toBe('FORBIDDEN')
    expect((await left.call('POST', '/api/auctions', undefined, someAuction())).body.code).toBe('UNAUTHENTICATED')
    const auctionId = await opened()
    expect((await left.call('POST', `/api/auctions/${auctionId}/close`, bidder('ann'))).body.code).toBe('FORBIDDEN')
  })

  test.each([
    ['an end before the start', { startsAt: Date.now() + 2000, endsAt: Date.now() + 1000 }, 'AUCTION_WINDOW_INVALID'],
    ['an end in the past', { endsAt: Date.now() - 1 }, 'AUCTION_WINDOW_INVALID'],
    [
      'a table that does not start at zero',
      { increments: [{ fromMinor: 1, incrementMinor: 1 }] },
      'INCREMENTS_INVALID'
    ],
    ['a price beyond money', { openingPriceMinor: 1_000_000_000_00, quantity: 2 }, 'INVALID_INPUT'],
    ['a price of zero', { openingPriceMinor: 0 }, 'INVALID_INPUT'],
    ['a price with a fraction', { openingPriceMinor: 1.5 }, 'INVALID_INPUT'],
    ['an unknown member', { colour: 'red' }, 'INVALID_INPUT']
  ])('%s is refused', async (_name, changes, code) => {
    expect((await left.call('POST', '/api/auctions', admin, { ...someAuction(), ...changes })).body.code).toBe(code)
  })

  test('without an id one is made; the default table is the standard one', async () => {
    const { auctionId: _auctionId, increments: _increments, ...rest } = someAuction()
    const { status, body } = await left.call('POST', '/api/auctions', admin, rest)
    expect(status).toBe(201)
    expect(body).toMatchObject({
      status: 'open',
      priceMinor: 0,
      priceToBeatMinor: 1_00,
      leader: null,
      sequence: 0,
      bidCount: 0
    })
    expect(body.increments).toHaveLength(12)
    expect((await right.call('GET', `/api/auctions/${body.auctionId}`)).body).toEqual(body)
  })
})

describe('bidding', () => {
  test('201 with a receipt; a refusal is a problem document with its receipt; both can be read again', async () => {
    const auctionId = await opened()
    const first = await bid(left, auctionId, 'ann', { bidId: 'b1', amountMinor: 20_00 })
    expect(first.status).toBe(201)
    expect(first.body).toMatchObject({
      outcome: 'accepted',
      leading: true,
      sequence: 1,
      index: 0,
      priceMinor: 1_00,
      quantity: 1
    })
    const low = await bid(right, auctionId, 'bob', { bidId: 'b1', amountMinor: 1_10 })
    expect(low.status).toBe(409)
    expect(low.headers['content-type']).toContain('application/problem+json')
    expect(low.body).toMatchObject({
      code: 'BID_TOO_LOW',
      status: 409,
      priceToBeatMinor: 1_25,
      receipt: { bidId: 'b1', outcome: 'refused', code: 'BID_TOO_LOW', sequence: 2 }
    })
    expect((await right.call('GET', `/api/auctions/${auctionId}/bids/b1`, bidder('ann'))).body).toEqual(first.body)
    expect((await left.call('GET', `/api/auctions/${auctionId}/bids/b1`, bidder('bob'))).body).toEqual(low.body.receipt)
    expect((await left.call('GET', `/api/auctions/${auctionId}/bids/b1`, bidder('cid'))).body.code).toBe(
      'BID_NOT_FOUND'
    )
  })

  test.each([
    ['another currency', { bidId: 'b', amountMinor: 500, currency: 'EUR' }, 422, 'CURRENCY_MISMATCH'],
    ['more pieces than the lot', { bidId: 'b', amountMinor: 500, quantity: 2 }, 400, 'INVALID_INPUT'],
    ['text for a number', { bidId: 'b', amountMinor: '500' }, 400, 'INVALID_INPUT'],
    ['a negative amount', { bidId: 'b', amountMinor: -5 }, 400, 'INVALID_INPUT'],
    ['a huge amount', { bidId: 'b', amountMinor: 1e15 }, 400, 'INVALID_INPUT'],
    ['no bid id', { amountMinor: 500 }, 400, 'INVALID_INPUT'],
    ['a bid id with a colon', { bidId: 'a:b', amountMinor: 500 }, 400, 'INVALID_INPUT']
  ])('%s is refused and leaves no entry', async (_name, body, status, code) => {
    const auctionId = await opened()
    expect(await bid(left, auctionId, 'ann', body)).toMatchObject({ status, body: { code } })
    expect((await left.call('GET', `/api/auctions/${auctionId}`)).body.sequence).toBe(0)
  })

  test('an auction that is not there is not found, by any way', async () => {
    const answers = await Promise.all([
      bid(left, 'nowhere', 'ann', { bidId: 'b', amountMinor: 500 }),
      left.call('GET', '/api/auctions/nowhere'),
      left.call('GET', '/api/auctions/nowhere/ledger'),
      left.call('POST', '/api/auctions/nowhere/close', admin)
    ])
    for (const answer of answers) expect(answer).toMatchObject({ status: 404, body: { code: 'AUCTION_NOT_FOUND' } })
  })

  test('before the start and after the end, nothing is taken', async () => {
    const early = await opened({ startsAt: Date.now() + 300_000 })
    expect((await bid(left, early, 'ann', { bidId: 'b', amountMinor: 500 })).body).toMatchObject({
      code: 'AUCTION_NOT_OPEN',
      receipt: { sequence: 1 }
    })
    const late = await opened()
    await left.call('POST', `/api/auctions/${late}/close`, admin)
    expect((await bid(right, late, 'ann', { bidId: 'b', amountMinor: 500 })).body.code).toBe('AUCTION_CLOSED')
  })
})

describe('closing on time', () => {
  test('with two processes: each auction is closed once, at its end, extensions counted', async () => {
    let now = Date.now()
    const clock = () => now
    const pair = [
      await startService({ mongodb, topics, tokens: left.tokens, clock }),
      await startService({ mongodb, topics, tokens: left.tokens, clock })
    ] as const
    const endsAt = now + 10_000_000
    const commands = [
      ...Array.from({ length: 10 }, () => someAuction({ endsAt })),
      someAuction({ endsAt, antiSnipingWindowMs: 60_000 })
    ]
    for (const [index, command] of commands.entries()) {
      await pair[index % 2 ? 0 : 1].call('POST', '/api/auctions', admin, command)
      expect((await bid(pair[0], command.auctionId, 'ann', { bidId: 'early', amountMinor: 500 })).status).toBe(201)
    }
    const extended = commands[10]?.auctionId ?? ''
    now = endsAt - 1
    expect((await bid(pair[1], extended, 'bob', { bidId: 'late', amountMinor: 900 })).body.endsAt).toBe(
      endsAt - 1 + 60_000
    )
    const statusOf = async (auctionId: string) => (await pair[0].call('GET', `/api/auctions/${auctionId}`)).body.status
    now = endsAt
    for (const { auctionId } of commands.slice(0, 10))
      await eventually(async () => (await statusOf(auctionId)) === 'closed')
    expect(await statusOf(extended)).toBe('open')
    now = endsAt + 60_000
    await eventually(async () => (await statusOf(extended)) === 'closed')
    for (const { auctionId } of commands) {
      const { entries } = (await left.call('GET', `/api/auctions/${auctionId}/ledger`)).body
      expect(entries.filter((entry: { closing?: unknown }) => entry.closing)).toHaveLength(1)
      expect(entries.at(-1).at).toBe(auctionId === extended ? endsAt + 60_000 : endsAt)
    }
    await Promise.all(pair.map((service) => service.close()))
  })

  test('an auction whose end came while nobody ran is closed at the next start', async () => {
    const clock = Date.now() + 3_600_000
    const auctionId = await opened({ endsAt: Date.now() + 3_000_000 })
    await bid(left, auctionId, 'ann', { bidId: 'b', amountMinor: 500 })
    const later = await startService({ mongodb, topics, clock: () => clock, tokens: left.tokens })
    await eventually(async () => (await left.call('GET', `/api/auctions/${auctionId}`)).body.status === 'closed')
    expect((await bid(left, auctionId, 'bob', { bidId: 'b', amountMinor: 900 })).body.code).toBe('AUCTION_CLOSED')
    await later.close()
  })
})

describe('listing', () => {
  test('by status, ending soonest first, page by page, without a gap or a double', async () => {
    const base = Date.now() + 100_000_000
    const ids: string[] = []
    for (let index = 0; index < 7; index += 1)
      ids.push(await opened({ endsAt: base + (index % 3), startsAt: base - 1000 }))
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const query = `status=scheduled&limit=3${cursor === undefined ? '' : `&cursor=${cursor}`}`
      const { body } = await right.call('GET', `/api/auctions?${query}`)
      seen.push(
        ...body.items
          .filter((one: { endsAt: number }) => one.endsAt >= base)
          .map((one: { auctionId: string }) => one.auctionId)
      )
      cursor = body.nextCursor
    } while (cursor !== undefined)
    expect(seen.toSorted()).toEqual(ids.toSorted())
    const { body } = await left.call('GET', '/api/auctions?limit=200')
    const ends = body.items.map((one: { endsAt: number }) => one.endsAt)
    expect(ends).toEqual(ends.toSorted((a: number, b: number) => a - b))
    expect((await left.call('GET', '/api/auctions?cursor=nonsense')).body.code).toBe('INVALID_INPUT')
  })

  test('follows the ledger', async () => {
    const auctionId = await opened({ endsAt: Date.now() + 40_000 })
    await bid(left, auctionId, 'ann', { bidId: 'b', amountMinor: 500 })
    const listed = await eventually(async () => {
      const { body } = await right.call('GET', '/api/auctions?status=open&limit=200')
      const found = body.items.find((one: { auctionId: string }) => one.auctionId === auctionId)
      return found?.bidCount === 1 && found
    })
    expect(listed).toEqual((await left.call('GET', `/api/auctions/${auctionId}`)).body)
  })
})

describe('over a WebSocket', () => {
  test('each frame is a bid on the same ledger; what is wrong is a problem with its bid id', async () => {
    const auctionId = await opened()
    const address = (await left.app.listen({ host: '127.0.0.1', port: 0 })).replace('http', 'ws')
    const { authorization } = await left.tokens.signIn('ann')
    const socket = new WebSocket(`${address}/ws/auctions/${auctionId}`, [
      'gavel.v1',
      authorization.replace('Bearer ', 'bearer.')
    ])
    const frames: { type: string; bidId?: string; receipt?: { bidId: string }; problem?: { code: string } }[] = []
    socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString())))
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    socket.send(JSON.stringify({ type: 'bid', bid: { bidId: 'w1', amountMinor: 20_00 } }))
    await eventually(() => frames.length === 1)
    expect(frames[0]).toMatchObject({ type: 'receipt', receipt: { bidId: 'w1', outcome: 'accepted', leading: true } })
    const http = await bid(right, auctionId, 'bob', { bidId: 'h1', amountMinor: 30_00 })
    expect(http.body.priceMinor).toBe(20_50)
    socket.send(JSON.stringify({ type: 'bid', bid: { bidId: 'w2', amountMinor: 20_60 } }))
    socket.send('{')
    socket.send(JSON.stringify({ type: 'bid', bid: { bidId: 'w3', amountMinor: 'all' } }))
    await eventually(() => frames.length === 4)
    expect(frames.find((frame) => frame.bidId === 'w2')).toMatchObject({
      type: 'problem',
      problem: { code: 'BID_TOO_LOW', receipt: { bidId: 'w2' } }
    })
    expect(
      new Set(frames.filter((frame) => frame.bidId === undefined && frame.problem).map((frame) => frame.problem?.code))
    ).toEqual(new Set(['INVALID_INPUT', 'MALFORMED_JSON']))
    socket.close()

    await left.call('POST', `/api/auctions/${auctionId}/close`, admin)
    expect(await verifySource(`${address.replace('ws', 'http')}/api/auctions/${auctionId}`)).toMatchObject({
      verified: true,
      closed: true,
      bids: 3,
      level: 'decisions'
    })
  })

  test('without a token it is refused', async () => {
    const auctionId = await opened()
    expect((await left.call('GET', `/ws/auctions/${auctionId}`)).status).toBe(401)
  })
})

test('the ledger comes in pages', async () => {
  const auctionId = await opened()
  for (let index = 0; index < 7; index += 1)
    await bid(left, auctionId, 'ann', { bidId: `b${index}`, amountMinor: 500 + index * 100 })
  const first = (await left.call('GET', `/api/auctions/${auctionId}/ledger?limit=5`)).body
  expect(first.entries.map((entry: { sequence: number }) => entry.sequence)).toEqual([0, 1, 2, 3, 4])
  expect(first.nextFrom).toBe(5)
  const rest = (await left.call('GET', `/api/auctions/${auctionId}/ledger?from=5`)).body
  expect(rest.entries.map((entry: { sequence: number }) => entry.sequence)).toEqual([5, 6, 7])
  expect(rest.nextFrom).toBeUndefined()
})

test('the measures count every decided bid', async () => {
  const text = (await left.app.inject('/metrics')).body
  for (const name of [
    'bidding_bids_total',
    'bidding_entry_bids',
    'bidding_commit_duration_seconds',
    'bidding_publish_lag_seconds',
    'bidding_open_auctions'
  ]) {
    expect(text).toContain(name)
  }
  expect(text).toMatch(/bidding_bids_total\{[^}]*outcome="refused",code="BID_TOO_LOW"[^}]*\} \d/)
})
