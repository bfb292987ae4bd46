import { placeBid, type BidReceipt } from '@gavel/contracts/api/bidding.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { createAuthenticator } from '@gavel/platform/http/auth.ts'
import { letConnectionsSleep } from '@gavel/platform/kafka/idle-connections.ts'
import { createServer, implement, listen, type Handler } from '@gavel/platform/http/server.ts'
import { createLog } from '@gavel/platform/log.ts'
import { createContext } from '@gavel/platform/service.ts'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { MongoClient } from 'mongodb'
import { audience, issuer } from './tokens.ts'

/**
 * What Gavel is measured against, on its own server with its own route, schemas, tokens and metrics, so that nothing but
 * the decision differs. `common`: an auction is a document, a bid is a conditional update of it, an insert and a message.
 * `constant`: the route answers and decides nothing.
 */
const { PORT, JWKS_URL, MONGODB_URL, MONGODB_DATABASE, KAFKA_BROKERS, LOAD_TOPIC } = process.env as Record<
  string,
  string
>
const decided = process.argv[2]

// The same client, as good as it is for Gavel.
letConnectionsSleep()

const receipt = (
  bidId: string,
  auctionId: string,
  amountMinor: number,
  endsAt: number,
  decidedAt: number
): BidReceipt => ({
  bidId,
  auctionId,
  sequence: 1,
  index: 0,
  outcome: 'accepted',
  leading: true,
  priceMinor: amountMinor,
  priceToBeatMinor: amountMinor + 1,
  quantity: 1,
  endsAt,
  decidedAt,
  hash: '0'.repeat(64)
})

type AuctionDocument = {
  _id: string
  status: string
  priceMinor: number
  leader: string | null
  bidCount: number
  endsAt: number
}
type BidDocument = { _id: string; auctionId: string; userId: string; amountMinor: number; at: number }

async function commonWay(): Promise<Handler<typeof placeBid>> {
  const client = await new MongoClient(MONGODB_URL!, { maxPoolSize: 64, writeConcern: { w: 'majority' } }).connect()
  const database = client.db(MONGODB_DATABASE)
  const auctions = database.collection<AuctionDocument>('auctions')
  const bids = database.collection<BidDocument>('bids')
  const kafka = new Kafka({ brokers: KAFKA_BROKERS!.split(','), clientId: 'common', logLevel: logLevel.ERROR })
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({
    waitForLeaders: true,
    topics: [{ topic: LOAD_TOPIC!, numPartitions: 12, replicationFactor: 1 }]
  })
  await admin.disconnect()
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  return async ({ params: { auctionId }, body: { bidId, amountMinor }, user: { userId }, now }) => {
    const auction = await auctions.findOneAndUpdate(
      { _id: auctionId, status: 'open', endsAt: { $gt: now }, priceMinor: { $lt: amountMinor } },
      { $set: { priceMinor: amountMinor, leader: userId }, $inc: { bidCount: 1 } },
      { returnDocument: 'after' }
    )
    if (!auction) throw new Refusal('BID_TOO_LOW')
    await bids.insertOne({ _id: `${auctionId}:${userId}:${bidId}`, auctionId, userId, amountMinor, at: now })
    const value = JSON.stringify({ auctionId, bidId, userId, amountMinor, at: now })
    await producer.send({ topic: LOAD_TOPIC!, acks: -1, messages: [{ key: auctionId, value }] })
    return { status: 201, body: receipt(bidId, auctionId, amountMinor, auction.endsAt, now) }
  }
}

function constantAnswer(): Handler<typeof placeBid> {
  const body = receipt('constant', 'constant', 1_000_000, 1, 1)
  return async () => ({ status: 201, body })
}

const context = createContext({ name: 'bidding', log: createLog({ service: 'bidding', level: 'warn' }) })
const auth = createAuthenticator({ jwksUrl: JWKS_URL!, issuer, audience })
const app = createServer(context, { service: 'bidding', auth })
implement(app, placeBid, decided === 'common' ? await commonWay() : constantAnswer())
await listen(app, { host: '127.0.0.1', port: Number(PORT) })
process.once('SIGTERM', () => process.exit(0))
