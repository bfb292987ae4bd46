import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import * as api from '@gavel/contracts/api/bidding.ts'
import { orders } from '@gavel/contracts/topics.ts'
import { mongoAudit } from '@gavel/platform/audit/mongo.ts'
import { Fault, toFailure } from '@gavel/platform/errors.ts'
import { createAuthenticator, type Authenticator } from '@gavel/platform/http/auth.ts'
import { createServer, implementAll } from '@gavel/platform/http/server.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { startConsumer, type RunningConsumer } from '@gavel/platform/kafka/consumer.ts'
import { createProducer } from '@gavel/platform/kafka/producer.ts'
import { createMongo } from '@gavel/platform/mongo/client.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import { closeDue } from './book/close-due.ts'
import { Listing } from './book/listing.ts'
import type { BiddingConfig } from './config.ts'
import { onBidFailed } from './consumers/bid-failed.ts'
import { House } from './house.ts'
import { createMeasures } from './metrics.ts'
import { Publisher } from './publish/publisher.ts'
import { Sweep } from './publish/sweep.ts'
import { repeat } from './repeat.ts'
import { acceptOfferHandler } from './routes/accept-offer.ts'
import { serveBidSocket } from './routes/bid-socket.ts'
import { cancelAuctionHandler } from './routes/cancel-auction.ts'
import { closeAuctionHandler } from './routes/close-auction.ts'
import { extendAuctionHandler } from './routes/extend-auction.ts'
import { listAuctionsHandler } from './routes/list-auctions.ts'
import { listMyOffersHandler } from './routes/list-my-offers.ts'
import { openAuctionHandler } from './routes/open-auction.ts'
import { placeBidHandler } from './routes/place-bid.ts'
import { readAuctionHandler } from './routes/read-auction.ts'
import { readBidHandler } from './routes/read-bid.ts'
import { readLedgerHandler } from './routes/read-ledger.ts'
import { SecondChance } from './second-chance.ts'
import { Auctions } from './store/auctions.ts'
import { Ledger } from './store/ledger.ts'
import { Offers } from './store/offers.ts'

export interface BiddingApp {
  app: FastifyInstance
  house: House
  publisher: Publisher
  consumer: RunningConsumer
}

/** The whole service on its real parts, without listening. */
export async function buildApp(
  context: ServiceContext,
  config: BiddingConfig,
  auth: Authenticator = createAuthenticator(config.auth)
): Promise<BiddingApp> {
  const { bidding } = config
  const { db } = await createMongo(config.mongo, context)
  const kafka = createKafka(config.kafka, context)
  const producer = await createProducer(kafka)
  const ledger = new Ledger(db, bidding.commit)
  const auctions = new Auctions(db)
  const offers = new Offers(db)
  await untilReached(context, async () => {
    await Promise.all([ledger.createIndexes(), auctions.createIndexes(), offers.createIndexes()])
  })

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
    sealing: bidding.sealing,
    clock: context.clock,
    limits: bidding.house,
    measures,
    onCommitted: (committed) => {
      measures.decided(committed)
      listing.show(committed.view)
      publisher.note(committed)
    }
  })
  const secondChance = new SecondChance({
    house,
    ledger,
    offers,
    producer,
    clock: context.clock,
    log: context.log,
    limits: bidding.offers
  })
  startRegularWork(context, config, { house, auctions, ledger, listing, publisher, secondChance })
  const consumer = await startConsumer(context, kafka, {
    topic: orders,
    handlers: { BidFailed: onBidFailed(secondChance) }
  })

  const audit = mongoAudit(context, { db, producer })
  const app = createServer(context, { service: 'bidding', auth, audit, ...config.http })
  serve(app, house, secondChance)
  return { app, house, publisher, consumer }
}

function serve(app: FastifyInstance, house: House, secondChance: SecondChance): void {
  implementAll(app, api, {
    openAuction: openAuctionHandler(house),
    listAuctions: listAuctionsHandler(house),
    readAuction: readAuctionHandler(house),
    placeBid: placeBidHandler(house),
    readBid: readBidHandler(house),
    closeAuction: closeAuctionHandler(house),
    cancelAuction: cancelAuctionHandler(house),
    extendAuction: extendAuctionHandler(house),
    readLedger: readLedgerHandler(house),
    listMyOffers: listMyOffersHandler(secondChance),
    acceptOffer: acceptOfferHandler(secondChance)
  })
  serveBidSocket(app, house)
}

/** The indexes are part of the ledger's truth, so nothing is served before they are there. */
async function untilReached({ log, signal }: ServiceContext, work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await work()
      return
    } catch (error) {
      if (!(toFailure(error) instanceof Fault) || signal.aborted) throw error
      log.warn({ error }, 'MongoDB is not to be reached yet; trying again')
      await pause(500)
    }
  }
}

interface Regular {
  house: House
  auctions: Auctions
  ledger: Ledger
  listing: Listing
  publisher: Publisher
  secondChance: SecondChance
}

function startRegularWork({ log, closers, clock }: ServiceContext, { bidding }: BiddingConfig, parts: Regular): void {
  const { house, auctions, ledger, listing, publisher, secondChance } = parts
  const { closeIntervalMs, closeMax, sweepIntervalMs, offersIntervalMs } = bidding.schedule
  const closing = repeat('close auctions', closeIntervalMs, log, async () => {
    await closeDue(house, auctions, listing, clock(), closeMax)
  })
  const sweep = new Sweep(ledger, auctions, publisher)
  const sweeping = repeat('publish what a crash left', sweepIntervalMs, log, async (signal) => await sweep.run(signal))
  const offering = repeat('offers', offersIntervalMs, log, async () => await secondChance.work())
  closers.add('offers', () => offering.stop(), 'consumers')
  closers.add('close auctions', () => closing.stop(), 'consumers')
  closers.add('sweep', () => sweeping.stop(), 'consumers')
  closers.add('ledger', () => house.books.drain(), 'consumers')
  closers.add('listing', () => listing.stop(), 'relays')
  closers.add('publisher', () => publisher.stop(), 'relays')
}
