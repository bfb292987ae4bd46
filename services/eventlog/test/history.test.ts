import type { AuctionAt, ProductAt, SaleAt } from '@gavel/contracts/api/eventlog.ts'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshPostgres } from '../../../test/support/database.ts'
import { asUnrecorded, record } from './log-under-test.ts'
import { runEventlog } from './running-eventlog.ts'
import { aProduct, aSale, anAuction, dice, START, type Told } from './stories.ts'

/** States at random moments, computed again from the same events in the plainest way: by time, and the last word counts. */

let log: Awaited<ReturnType<typeof runEventlog>>
let admin: { authorization: string }
const releases: (() => Promise<unknown>)[] = []
const COUNT = 12
const roll = dice(7)
const names = Array.from({ length: COUNT }, (_, number) => number)
const told: Told[] = names.flatMap((number) => [
  ...anAuction(`auction-${number}`, roll),
  ...aSale(`sale.${number}`, roll),
  ...aProduct(`product-${number}`, roll)
])
const recorded = new Map<string, { position: number }>()

beforeAll(async () => {
  const postgres = await freshPostgres('eventlog')
  log = await runEventlog({ postgresUrl: postgres.url })
  releases.push(log.stop, () => postgres.release())
  admin = await log.signIn('alice', 'admin')
  // Each topic in its order; the topics one after the other in a way that has nothing to do with time.
  for (const [, events] of [...Map.groupBy(told, (event) => event.topic.name)].toReversed()) {
    const unrecorded = events.map(asUnrecorded)
    for (const event of await record(log.pool, unrecorded)) recorded.set(`${event.topic} ${event.eventId}`, event)
  }
})
afterAll(async () => {
  for (const release of releases) await release()
})

const read = async <State>(path: string, at?: number): Promise<State | undefined> => {
  const url = `/api/history/${path}${at === undefined ? '' : `?at=${at}`}`
  const answer = await log.app.inject({ url, headers: admin })
  if (answer.statusCode === 404) return undefined
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json()
}
const byTime = (left: Told, right: Told): number => left.time - right.time
const upTo = (at: number, about: (event: Told) => boolean): Told[] =>
  told.filter((event) => about(event) && event.time <= at).toSorted(byTime)
const last = (events: Told[], ...kinds: string[]) =>
  events.findLast(({ definition }) => kinds.includes(definition.name))?.data as Record<string, unknown> | undefined
const count = (events: Told[], outcome: string): number =>
  events
    .flatMap(({ data }) => (data as { bids?: { outcome: string }[] }).bids ?? [])
    .filter((bid) => bid.outcome === outcome).length
const moment = fc.integer({ min: START - 100, max: START + 40_000 })
const number = fc.nat(COUNT - 1)

test('an auction at any moment is what its events up to then make of it', async () => {
  await fc.assert(
    fc.asyncProperty(number, moment, async (which, at) => {
      const auctionId = `auction-${which}`
      const events = upTo(at, ({ key, topic }) => key === auctionId && topic.owner === 'bidding')
      const state = await read<AuctionAt>(`auctions/${auctionId}`, at)
      if (events.length === 0) {
        expect(state).toBeUndefined()
        return
      }
      const opened = last(events, 'AuctionOpened')!
      const decided = last(events, 'BidsDecided')
      const closed = last(events, 'AuctionClosed')
      expect(state).toMatchObject({ auctionId, at, eventCount: events.length })
      expect(state!.terms).toMatchObject({ title: opened['title'], endsAt: opened['endsAt'] })
      expect(state!.status).toBe(closed ? 'closed' : at < Number(opened['startsAt']) ? 'scheduled' : 'open')
      expect(state!.bids).toEqual({ accepted: count(events, 'accepted'), refused: count(events, 'refused') })
      if (decided) {
        const { leader: _leader, ...standing } = decided['standing'] as Record<string, unknown>
        expect(state!.standing).toEqual({ sequence: decided['sequence'], ...standing })
      } else expect(state!.standing).toBeNull()
      expect(state!.closing?.closedAt).toBe(closed?.['closedAt'])
      expect(state!.offers).toHaveLength(last(events, 'OfferMade') ? 1 : 0)
    }),
    { numRuns: 80 }
  )
})

test('a sale at any moment has the steps taken by then, and stands where the last ones left it', async () => {
  await fc.assert(
    fc.asyncProperty(number, moment, async (which, at) => {
      const orderNumber = `sale.${which}`
      const events = upTo(
        at,
        ({ data }) => (data as { sale?: { orderNumber: string } }).sale?.orderNumber === orderNumber
      )
      const state = await read<SaleAt>(`orders/${orderNumber}`, at)
      if (events.length === 0) {
        expect(state).toBeUndefined()
        return
      }
      expect(state!.steps.map(({ name, time, eventId, position }) => ({ name, time, eventId, position }))).toEqual(
        events.map(({ definition, time, id, topic }) => ({
          name: definition.name,
          time,
          eventId: id,
          position: recorded.get(`${topic.name} ${id}`)!.position
        }))
      )
      const happened = new Set(events.map(({ definition }) => definition.name))
      const stock = ['StockReleased', 'StockRejected', 'StockReserved'].find((name) => happened.has(name))
      const payment = ['PaymentRefunded', 'PaymentDeclined', 'PaymentCaptured'].find((name) => happened.has(name))
      expect(state!.stock).toBe(stock?.slice('Stock'.length).toLowerCase() ?? 'waiting')
      expect(state!.payment).toBe(payment?.slice('Payment'.length).toLowerCase() ?? 'waiting')
      expect(state!.status).toBe(
        happened.has('OrderCreated') ? 'ordered' : happened.has('BidFailed') ? 'failed' : 'open'
      )
      expect(state!.reason).toBe(last(events, 'BidFailed')?.['reason'])
      expect(state!.sale.orderNumber).toBe(orderNumber)
    }),
    { numRuns: 80 }
  )
})

test('a product at any moment has the description and the stock of then', async () => {
  await fc.assert(
    fc.asyncProperty(number, moment, async (which, at) => {
      const productId = `product-${which}`
      const events = upTo(at, ({ key }) => key === productId)
      const state = await read<ProductAt>(`products/${productId}`, at)
      if (events.length === 0) {
        expect(state).toBeUndefined()
        return
      }
      const removed = events.some(({ definition }) => definition.name === 'ProductRemoved')
      expect(state!.product).toEqual(last(events, 'ProductAdded', 'ProductChanged')!['product'])
      expect(state!.status).toBe(removed ? 'removed' : 'listed')
      const places = new Map<string, { available: number; sold: number }>()
      for (const { definition, data } of events) {
        if (definition.name === 'StockChanged') places.set((data as { location: string }).location, data as never)
      }
      const sum = (member: 'available' | 'sold'): number =>
        [...places.values()].reduce((total, figures) => total + figures[member], 0)
      expect(state!.locations.map(({ location }) => location)).toEqual([...places.keys()].toSorted())
      expect(state).toMatchObject({ available: sum('available'), sold: sum('sold'), eventCount: events.length })
    }),
    { numRuns: 80 }
  )
})

test('without a moment it is now; what nobody told of is not found', async () => {
  expect(await read<AuctionAt>('auctions/auction-0')).toMatchObject({ auctionId: 'auction-0' })
  for (const [path, code] of [
    ['auctions/nobody', 'AUCTION_NOT_FOUND'],
    ['orders/nobody.1', 'SALE_NOT_FOUND'],
    ['products/nobody', 'PRODUCT_NOT_FOUND'],
    [`products/product-0?at=${START - 1}`, 'PRODUCT_NOT_FOUND']
  ]) {
    const answer = await log.app.inject({ url: `/api/history/${path}`, headers: admin })
    expect(answer.headers['content-type']).toContain('application/problem+json')
    expect(answer.json()).toMatchObject({ status: 404, code })
  }
})
