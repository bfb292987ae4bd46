import { randomUUID } from 'node:crypto'
import { AuctionOpened, BidsDecided } from '@gavel/contracts/events/bidding.ts'
import { ProductAdded, ProductAddedV2 } from '@gavel/contracts/events/catalog.ts'
import { StockChanged } from '@gavel/contracts/events/inventory.ts'
import type { DataOf, EventDefinition, TopicDefinition } from '@gavel/contracts/define.ts'
import { auctions, bids, products, stock } from '@gavel/contracts/topics.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshTopics, type FreshTopics } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { theWire, type Wire } from '../../../test/support/watch-topic.ts'
import { followItems } from '../src/consumers/read-side.ts'
import { aCatalog, type Catalog, type Process } from './catalog.ts'

let catalog: Catalog
let process: Process
let topics: FreshTopics
let wire: Wire
beforeAll(async () => {
  catalog = await aCatalog()
  process = await catalog.start()
  topics = await freshTopics('catalog')
  wire = await theWire(topics)
  const consumers = await followItems(process.dependencies, createKafka(topics, process.context))
  await Promise.all(consumers.map(({ joined }) => joined))
})
afterAll(async () => {
  await catalog.release()
  await wire.release()
  await topics.release()
})

const say = async <Definition extends EventDefinition>(
  topic: TopicDefinition,
  definition: Definition,
  key: string,
  data: DataOf<Definition>,
  id: string = randomUUID()
): Promise<void> => {
  const event = { definition, key, data, id, source: 'test', time: 1 }
  // A topic that is new may not be led yet; said again under the same id, an event is still taken once.
  await eventually(async () => await wire.publish(topic, [event]).then(() => true), { what: 'the broker to take it' })
}

const product = { productId: 'lamp', title: 'A lamp', description: '', brand: 'Lumen', category: 'lamps' }
const audit = { changedBy: 'admin', changedAt: 1 }
const shown = async () => (await process.call('GET', '/api/search/products?q=lamp', undefined, 'nobody')).body.items

test('search follows four topics, old and new versions of their events, and takes each event once', async () => {
  const endsAt = Date.now() + 3_600_000
  const standing = { leaderUserId: null, reserveMet: true, bidCount: 1, quantityLeft: 1, endsAt }
  await say(bids, BidsDecided, 'sale', {
    auctionId: 'sale',
    sequence: 1,
    decidedAt: 1,
    bids: [],
    outbidUserIds: [],
    standing: { ...standing, priceMinor: 1_500, priceToBeatMinor: 1_600 },
    hash: '0'.repeat(64)
  })
  await say(auctions, AuctionOpened, 'sale', {
    auctionId: 'sale',
    productId: 'lamp',
    title: 'A lamp',
    mode: 'english',
    currency: 'USD',
    openingPriceMinor: 1_000,
    quantity: 1,
    startsAt: 0,
    endsAt
  })
  const figures = { productId: 'lamp', location: 'main', reserved: 0, sold: 0, reason: 'set', changedAt: 1 } as const
  await say(stock, StockChanged, 'lamp', { ...figures, available: 7, version: 1 })
  await say(products, ProductAdded, 'old-lamp', { product: { ...product, productId: 'old-lamp' }, ...audit })
  await say(products, ProductAddedV2, 'lamp', { product, version: 1, ...audit }, 'twice')
  await say(products, ProductAddedV2, 'lamp', { product, version: 1, ...audit }, 'twice')
  const items = await eventually(
    async () => {
      const all = await shown()
      const lamp = all.find(({ productId }: { productId: string }) => productId === 'lamp')
      return all.length === 2 && lamp.available === 7 && lamp.auction?.priceMinor === 1_500 && all
    },
    { what: 'both lamps, the stock and the price' }
  )
  expect(items.map(({ productId }: { productId: string }) => productId).toSorted()).toEqual(['lamp', 'old-lamp'])
  await eventually(
    async () => {
      const { rows } = await process.pool.query(`select 1 from inbox where event_id = 'twice'`)
      return rows.length === 1
    },
    { what: 'the event to be taken once' }
  )
})
