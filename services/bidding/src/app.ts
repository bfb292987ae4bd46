import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import * as bidderApi from '@gavel/contracts/api/bidder.ts'
import * as api from '@gavel/contracts/api/bidding.ts'
import { mongoAudit } from '@gavel/platform/audit/mongo.ts'
import { bids, orders, statements } from '@gavel/contracts/topics.ts'
import { Fault, toFailure } from '@gavel/platform/errors.ts'
import { createAuthenticator, type Authenticator } from '@gavel/platform/http/auth.ts'
import { createServer, implementAll } from '@gavel/platform/http/server.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { startConsumer, type RunningConsumer } from '@gavel/platform/kafka/consumer.ts'
import { createProducer } from '@gavel/platform/kafka/producer.ts'
import { createMongo } from '@gavel/platform/mongo/client.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import { startStatements } from '@gavel/platform/statements.ts'
import { closeDue } from './book/close-due.ts'
import { Listing } from './book/listing.ts'
import { LedgerCheck } from './ledger-check.ts'
import type { BiddingConfig } from './config.ts'
import { Credit } from './credit.ts'
import { CreditSweep } from './credit-sweep.ts'
import { Crowd } from './crowd.ts'
import { onBidsDecided } from './consumers/bids-decided.ts'
import { onOrderCreated } from './consumers/order-created.ts'
import { onBidFailed } from './consumers/bid-failed.ts'
import { House } from './house.ts'
import { createMeasures } from './metrics.ts'
import { Publisher } from './publish/publisher.ts'
import { ledgerStatement } from './publish/state-ledgers.ts'
import { Sweep } from './publish/sweep.ts'
import { repeat } from './repeat.ts'
import { acceptOfferHandler } from './routes/accept-offer.ts'
import { serveBidSocket } from './routes/bid-socket.ts'
import { cancelAuctionHandler } from './routes/cancel-auction.ts'
import { closeAuctionHandler } from './routes/close-auction.ts'
import { extendAuctionHandler } from './routes/extend-auction.ts'
import { listAuctionsHandler } from './routes/list-auctions.ts'
import { listMyBidsHandler } from './routes/list-my-bids.ts'
import { listMyOffersHandler } from './routes/list-my-offers.ts'
import { listMyWatchesHandler } from './routes/list-my-watches.ts'
import { openAuctionHandler } from './routes/open-auction.ts'
import { placeBidHandler } from './routes/place-bid.ts'
import { readAuctionHandler } from './routes/read-auction.ts'
import { readBidHandler } from './routes/read-bid.ts'
import { readLedgerHandler } from './routes/read-ledger.ts'
import { readMyCreditHandler } from './routes/read-my-credit.ts'
import { setCreditLimitHandler } from './routes/set-credit-limit.ts'
import { unwatchAuctionHandler } from './routes/unwatch-auction.ts'
import { watchAuctionHandler } from './routes/watch-auction.ts'
import { SecondChance } from './second-chance.ts'
import { Accounts } from './store/accounts.ts'
import { Auctions } from './store/auctions.ts'
import { Ledger } from './store/ledger.ts'
import { Offers } from './store/offers.ts'
import { Participations } from './store/participations.ts'
import { Watches } from './store/watches.ts'
import { TakingPart } from './taking-part.ts'
import { Watching } from './watching.ts'

export interface BiddingApp {
  app: FastifyInstance
  house: House
  publisher: Publisher
  consumers: readonly RunningConsumer[]
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
  const watches = new Watches(db)
  const participations = new Participations(db)
  const accounts = new Accounts(db, bidding.sealing)
  const { clock, log } = context
  const credit = new Credit({ accounts, clock, log, limits: bidding.credit })
  await untilReached(context, async () => {
    const stores = [ledger, auctions, offers, watches, participations, accounts]
    await Promise.all(stores.map((store) => store.createIndexes()))
    // Before the first bid: a limit that is not known yet would not count.
    await credit.refresh()
  })

  const listing = new Listing(auctions, bidding.schedule.listingIntervalMs, (error) =>
    context.log.warn({ error }, 'The listing could not be brought up to date; it is tried again')
  )
  const measures = createMeasures(context.metrics, context.clock, {
    openAuctions: () => auctions.countOpen(),
    brokenLedgers: () => auctions.countBroken(),
    held: () => house.books.size,
    unpublished: () => publisher.pending
  })
  const publisher = new Publisher({ ledger, auctions, producer, log: context.log, limits: bidding.publish, measures })
  const house: House = new House({
    ledger,
    auctions,
    sealing: bidding.sealing,
    credit,
    clock: context.clock,
    limits: bidding.house,
    measures,
    onCommitted: (committed) => {
      measures.decided(committed)
      credit.committed(committed)
      listing.show(committed.view)
      publisher.note(committed)
    }
  })
  const secondChance = new SecondChance({
    house,
    ledger,
    offers,
    producer,
    credit,
    clock,
    log,
    limits: bidding.offers
  })
  const sweep = new CreditSweep({ credit, accounts, auctions, ledger, house, clock })
  const crowd = new Crowd({ auctions, ledger, watches, producer, clock, limits: bidding.crowd })
  const { checked } = measures
  const check = new LedgerCheck({ house, auctions, ledger, clock, log, checked })
  startRegularWork(context, config, {
    house,
    auctions,
    ledger,
    listing,
    publisher,
    secondChance,
    credit,
    sweep,
    crowd,
    check
  })
  const consumers = [
    await startConsumer(context, kafka, {
      topic: orders,
      handlers: { BidFailed: onBidFailed(secondChance, credit), OrderCreated: onOrderCreated(credit) }
    }),
    await startConsumer(context, kafka, {
      topic: bids,
      replays: 'handle',
      handlers: { BidsDecided: onBidsDecided(participations) }
    })
  ]

  const audit = mongoAudit(context, { db, producer })
  const app = createServer(context, { service: 'bidding', auth, audit, ...config.http })
  startStatements(context, {
    topic: statements,
    producer,
    intervalMs: config.statements.intervalMs,
    statements: [ledgerStatement({ ledger, auctions, offers }, context.clock)]
  })
  serve(app, {
    house,
    secondChance,
    credit,
    watching: new Watching({ house, auctions, watches, clock }),
    takingPart: new TakingPart({ auctions, participations, clock })
  })
  return { app, house, publisher, consumers }
}

interface Served {
  house: House
  secondChance: SecondChance
  credit: Credit
  watching: Watching
  takingPart: TakingPart
}

function serve(app: FastifyInstance, { house, secondChance, credit, watching, takingPart }: Served): void {
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
  implementAll(app, bidderApi, {
    watchAuction: watchAuctionHandler(watching),
    unwatchAuction: unwatchAuctionHandler(watching),
    listMyWatches: listMyWatchesHandler(watching),
    listMyBids: listMyBidsHandler(takingPart),
    readMyCredit: readMyCreditHandler(credit),
    setCreditLimit: setCreditLimitHandler(credit)
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
  credit: Credit
  sweep: CreditSweep
  crowd: Crowd
  check: LedgerCheck
}

function startRegularWork({ log, closers, clock }: ServiceContext, { bidding }: BiddingConfig, parts: Regular): void {
  const { house, auctions, ledger, listing, publisher, secondChance, credit, sweep, crowd, check } = parts
  const { closeIntervalMs, closeMax, sweepIntervalMs, offersIntervalMs, creditIntervalMs, crowdIntervalMs } =
    bidding.schedule
  const closing = repeat('close auctions', closeIntervalMs, log, async () => {
    await closeDue(house, auctions, listing, clock(), closeMax)
  })
  const unpublished = new Sweep(ledger, auctions, publisher)
  const sweeping = repeat(
    'publish what a crash left',
    sweepIntervalMs,
    log,
    async (signal) => await unpublished.run(signal)
  )
  const offering = repeat('offers', offersIntervalMs, log, async () => await secondChance.work())
  const crediting = repeat('holds on credit', creditIntervalMs, log, async () => await sweep.work())
  const telling = repeat('tell crowds', crowdIntervalMs, log, async () => await crowd.work())
  const checking = repeat('verify ledgers', bidding.schedule.ledgerCheckIntervalMs, log, (signal) => check.work(signal))
  closers.add('verify ledgers', () => checking.stop(), 'consumers')
  closers.add('holds on credit', () => crediting.stop(), 'consumers')
  closers.add('crowds', () => telling.stop(), 'consumers')
  closers.add('offers', () => offering.stop(), 'consumers')
  closers.add('close auctions', () => closing.stop(), 'consumers')
  closers.add('sweep', () => sweeping.stop(), 'consumers')
  closers.add('ledger', () => house.books.drain(), 'consumers')
  closers.add('changes of credit', () => credit.changes.drain(), 'relays')
  closers.add('listing', () => listing.stop(), 'relays')
  closers.add('publisher', () => publisher.stop(), 'relays')
}
