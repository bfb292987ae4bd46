import type { FastifyInstance } from 'fastify'
import * as api from '@gavel/contracts/api/bidding.ts'
import { createAuthenticator, type Authenticator } from '@gavel/platform/http/auth.ts'
import { createServer, implement } from '@gavel/platform/http/server.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { createProducer } from '@gavel/platform/kafka/producer.ts'
import { createMongo } from '@gavel/platform/mongo/client.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import { closeDue } from './book/close-due.ts'
import { Listing } from './book/listing.ts'
import type { BiddingConfig } from './config.ts'
import { House } from './house.ts'
import { createMeasures } from './metrics.ts'
import { Publisher } from './publish/publisher.ts'
import { Sweep } from './publish/sweep.ts'
import { repeat } from './repeat.ts'
import { serveBidSocket } from './routes/bid-socket.ts'
import { closeAuctionHandler } from './routes/close-auction.ts'
import { listAuctionsHandler } from './routes/list-auctions.ts'
import { openAuctionHandler } from './routes/open-auction.ts'
import { placeBidHandler } from './routes/place-bid.ts'
import { readAuctionHandler } from './routes/read-auction.ts'
import { readBidHandler } from './routes/read-bid.ts'
import { readLedgerHandler } from './routes/read-ledger.ts'
import { Auctions } from './store/auctions.ts'
import { Ledger } from './store/ledger.ts'

export interface BiddingApp {
  app: FastifyInstance
  house: House
  publisher: Publisher
}

/** The whole service on its real parts, without listening. */
export async function buildApp(
  context: ServiceContext,
  config: BiddingConfig,
  auth: Authenticator = createAuthenticator(config.auth)
): Promise<BiddingApp> {
  const { bidding } = config
  const { db } = await createMongo(config.mongo, context)
  const producer = await createProducer(createKafka(config.kafka, context))
  const ledger = new Ledger(db, bidding.commit)
  const auctions = new Auctions(db)
  await Promise.all([ledger.createIndexes(), auctions.createIndexes()])

  const listing = new Listing(auctions, bidding.schedule.listingIntervalMs, (error) =>
    context.log.warn({ error }, 'The listing could not be brought up to date; it is tried again')
  )
  const measures = createMeasures(context.metrics, context.clock, {
    openAuctions: () => auctions.countOpen(),
    held: () => house.books.size,
    unpublished: () => publisher.pending
  })
  const publisher = new Publisher({ ledger, auctions, producer, log: context.log, limits: bidding.publish, measures })
  const house: House = new House({
    ledger,
    auctions,
    clock: context.clock,
    limits: bidding.house,
    measures,
    onCommitted: (committed) => {
      measures.decided(committed)
      listing.show(committed.view)
      publisher.note(committed)
    }
  })
  startRegularWork(context, config, { house, auctions, ledger, listing, publisher })

  const app = createServer(context, { service: 'bidding', auth, ...config.http })
  serve(app, house)
  return { app, house, publisher }
}

function serve(app: FastifyInstance, house: House): void {
  implement(app, api.openAuction, openAuctionHandler(house))
  implement(app, api.listAuctions, listAuctionsHandler(house))
  implement(app, api.readAuction, readAuctionHandler(house))
  implement(app, api.placeBid, placeBidHandler(house))
  implement(app, api.readBid, readBidHandler(house))
  implement(app, api.closeAuction, closeAuctionHandler(house))
  implement(app, api.readLedger, readLedgerHandler(house))
  serveBidSocket(app, house)
}

interface Regular {
  house: House
  auctions: Auctions
  ledger: Ledger
  listing: Listing
  publisher: Publisher
}

function startRegularWork({ log, closers, clock }: ServiceContext, { bidding }: BiddingConfig, parts: Regular): void {
  const { house, auctions, ledger, listing, publisher } = parts
  const { closeIntervalMs, closeMax, sweepIntervalMs } = bidding.schedule
  const closing = repeat('close auctions', closeIntervalMs, log, async () => {
    await closeDue(house, auctions, listing, clock(), closeMax)
  })
  const sweep = new Sweep(ledger, auctions, publisher)
  const sweeping = repeat('publish what a crash left', sweepIntervalMs, log, async (signal) => await sweep.run(signal))
  closers.add('close auctions', () => closing.stop(), 'consumers')
  closers.add('sweep', () => sweeping.stop(), 'consumers')
  closers.add('ledger', () => house.books.drain(), 'consumers')
  closers.add('listing', () => listing.stop(), 'relays')
  closers.add('publisher', () => publisher.stop(), 'relays')
}
