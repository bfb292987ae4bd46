import { randomUUID } from 'node:crypto'
import type { TopicDefinition } from '@gavel/contracts/define.ts'
import { auctions, bids, products, stock, topics as domainTopics } from '@gavel/contracts/topics.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshPostgres, freshTopics, type FreshTopics } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { theWire, type Wire } from '../../../test/support/watch-topic.ts'
import { runEventlog } from '../../eventlog/test/running-eventlog.ts'
import { followItems, readSideTopics } from '../src/consumers/read-side.ts'
import type { ToldEvent } from '../src/domain/facts.ts'
import { createEventLog } from '../src/read-side/event-log.ts'
import { aCatalog, type Catalog, type Process } from './catalog.ts'
import { added, bid, changed, ended, listingsOf, opened, removed, stocked } from './read-side.ts'

let catalog: Catalog
let process: Process
let topics: FreshTopics
let wire: Wire
let log: Awaited<ReturnType<typeof freshPostgres>>
const eventlogs: Awaited<ReturnType<typeof runEventlog>>[] = []
const anEventlog = async (options: { topics?: FreshTopics } = {}) => {
  const running = await runEventlog({ postgresUrl: log.url, ...options })
  eventlogs.push(running)
  return running
}
beforeAll(async () => {
  catalog = await aCatalog()
  process = await catalog.start()
  topics = await freshTopics('rebuild')
  wire = await theWire(topics)
  log = await freshPostgres('eventlog')
  const consumers = await followItems(process.dependencies, createKafka(topics, process.context))
  await Promise.all(consumers.map(({ joined }) => joined))
})
afterAll(async () => {
  for (const running of eventlogs) await running.stop()
  await catalog.release()
  await wire.release()
  await log.release()
  await topics.release()
})

const definitions = new Map(domainTopics.flatMap(({ events }) => events.map((event) => [event.type, event] as const)))
/** A topic that is new may not be led yet; said again under the same id, an event is still taken once. */
const publish = async (topic: TopicDefinition, key: string, told: ToldEvent): Promise<void> => {
  const definition = definitions.get(told.type)!
  const event = { definition, key, data: told.data as never, id: randomUUID(), source: 'test', time: 1 }
  await eventually(async () => await wire.publish(topic, [event]).then(() => true), { what: 'the broker to take it' })
}

/** An item with its stock, its auction and a bid; every seventh is gone again. */
async function putUp(number: number): Promise<void> {
  const productId = `item-${number}`
  const auctionId = `sale-${number}`
  const item = { productId, title: `Lamp ${number}`, brand: `Brand ${number % 5}`, at: number }
  await Promise.all([
    publish(products, productId, added(item)),
    publish(stock, productId, stocked(productId, number % 3)),
    publish(auctions, auctionId, opened(auctionId, productId, { endsAt: 4e12 + number }))
  ])
  await Promise.all([
    publish(bids, auctionId, bid(auctionId, 1, 5_000 + number, 4e12 + number)),
    publish(stock, productId, stocked(productId, 5 + (number % 3), 2)),
    number % 7 === 0
      ? publish(products, productId, removed(productId, 2))
      : publish(products, productId, changed({ ...item, title: `Lamp no. ${number}`, version: 2 })),
    ...(number % 4 === 0 ? [publish(auctions, auctionId, ended(auctionId, productId))] : [])
  ])
}
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index)
const putUpAll = async (from: number, to: number): Promise<void> => void (await Promise.all(range(from, to).map(putUp)))
const standing = (upTo: number): number => range(0, upTo).filter((number) => number % 7 !== 0).length

const state = async () => (await process.call('GET', '/api/search/rebuild')).body
/** How many of the first items a search finds. */
const found = async (upTo: number): Promise<number> => {
  const { status, body } = await process.call('GET', '/api/search/products?q=lamp&limit=200')
  expect(status).toBe(200)
  const first = new Set(range(0, upTo).map((number) => `item-${number}`))
  return body.items.filter(({ productId }: { productId: string }) => first.has(productId)).length
}
/** Every event has come: the last change of every item, and its last bid. */
const settled = async (upTo: number): Promise<string> =>
  await eventually(
    async () => {
      const all = await listingsOf(process.pool, (await state()).serving)
      const done =
        all.split('"Lamp no. ').length - 1 === standing(upTo) &&
        !/"available": [0-4]\b/.test(all) &&
        range(0, upTo).every(
          (number) => number % 7 === 0 || number % 4 === 0 || all.includes(`"price_minor": ${5_000 + number},`)
        ) &&
        range(0, upTo).every((number) => number % 4 !== 0 || !all.includes(`"sale-${number}"`))
      return done && all
    },
    { what: `all ${upTo} items` }
  )
const done = async (generation: number) =>
  await eventually(
    async () => {
      const { serving, rebuild } = await state()
      expect(rebuild.reason).toBeUndefined()
      return serving === generation && rebuild.status === 'done'
    },
    { what: `generation ${generation} to serve` }
  )

test('the read side is built anew from the log while it answers and things happen, and is the same as the one before', async () => {
  await putUpAll(0, 40)
  const before = await settled(40)

  // The log has heard nothing yet of what search knows: a rebuild waits for it and swaps nothing in before.
  const quiet = await anEventlog()
  const authorization = (await quiet.signIn('the-admin', 'admin')).authorization
  const begin = async (url: string, token: string): Promise<void> =>
    await process.dependencies.rebuilding.start(
      'the-admin',
      createEventLog(url, token),
      readSideTopics.map(({ name }) => name)
    )
  await begin(quiet.url, authorization)
  expect((await state()).rebuild).toMatchObject({ generation: 2, status: 'running', startedBy: 'the-admin' })
  await expect(begin(quiet.url, authorization)).rejects.toMatchObject({ code: 'REBUILD_RUNNING' })
  expect(await process.call('POST', '/api/search/rebuild')).toMatchObject({
    status: 409,
    body: { code: 'REBUILD_RUNNING' }
  })

  // Things go on to happen, and searches find them all the time.
  const hearing = await anEventlog({ topics })
  const happening = putUpAll(40, 80)
  while ((await state()).serving === 1) expect(await found(40)).toBe(standing(40))
  await happening
  await done(2)
  const second = await settled(80)
  expect(second).not.toBe(before)

  // Nothing happens now: what is built anew is equal to the last row, and the one before is gone.
  await begin(hearing.url, (await hearing.signIn('the-admin', 'admin')).authorization)
  await done(3)
  expect(await listingsOf(process.pool, 3)).toBe(second)
  await eventually(
    async () => {
      const { rows } = await process.pool.query(`select nspname from pg_namespace where nspname like 'read\\_%'`)
      return rows.length === 1 && rows[0].nspname === 'read_3'
    },
    { what: 'the generations before to be dropped' }
  )
  expect(await found(80)).toBe(standing(80))
})

test('an admin begins it, with a token that the log takes; refused, it stands still, says why, and can be taken up again', async () => {
  const { serving } = await state()
  const stranger = await anEventlog()
  const other = await catalog.start(undefined, { eventlogUrl: stranger.url })
  expect((await other.call('POST', '/api/search/rebuild', undefined, 'nobody')).status).toBe(401)
  expect((await other.call('POST', '/api/search/rebuild', undefined, 'bidder')).status).toBe(403)
  expect((await other.call('GET', '/api/search/rebuild', undefined, 'bidder')).status).toBe(403)

  expect((await other.call('POST', '/api/search/rebuild')).status).toBe(202)
  await eventually(async () => (await state()).rebuild.status === 'stopped', { what: 'it to stand still' })
  const { rebuild } = await state()
  expect(rebuild.reason).toMatch(/401/)
  expect((await state()).serving).toBe(serving)

  const { authorization } = await stranger.signIn('the-admin', 'admin')
  const names = readSideTopics.map(({ name }) => name)
  await process.dependencies.rebuilding.start('the-admin', createEventLog(stranger.url, authorization), names)
  await done(rebuild.generation)
})
