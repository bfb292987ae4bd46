import type { Logger } from '@gavel/platform/log.ts'
import type { Offer } from '@gavel/contracts/api/bidding.ts'
import type { FailureReason } from '@gavel/contracts/errors.ts'
import { OfferMade } from '@gavel/contracts/events/bidding.ts'
import { SaleConfirmed } from '@gavel/contracts/events/sale.ts'
import type { Sale } from '@gavel/contracts/primitives.ts'
import { auctions, saleConfirmed } from '@gavel/contracts/topics.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { currentTraceparent, inTraceOf } from '@gavel/platform/telemetry.ts'
import type { Producer } from '@gavel/platform/kafka/producer.ts'
import { isSealed, orderNumberOf, type Terms } from './domain/auction.ts'
import { sealedBidsIn } from './book/decided-bids.ts'
import { Contenders, offerAfter, type Contender } from './domain/second-chance.ts'
import type { Credit } from './credit.ts'
import type { House } from './house.ts'
import type { Book } from './book/book.ts'
import { sha256, userOfKey } from './ledger/entry.ts'
import { amountsOf, entryOf } from './ledger/read.ts'
import type { Seal } from './ledger/seal.ts'
import type { Ledger } from './store/ledger.ts'
import type { OfferDocument, OfferDuty, Offers } from './store/offers.ts'

export interface SecondChanceParts {
  house: House
  ledger: Ledger
  offers: Offers
  producer: Producer
  credit: Credit
  clock: () => number
  log: Logger
  limits: { durationMs: number; perAuctionMax: number }
}

const DUTIES_AT_ONCE = 100

/** Offers an auction's product to the next-best bidder when its buyer does not pay. */
export class SecondChance {
  readonly #parts: SecondChanceParts

  constructor(parts: SecondChanceParts) {
    this.#parts = parts
  }

  /** A sale ended without an order. The same failure told twice makes one offer. */
  async afterFailure(sale: Sale, reason: FailureReason): Promise<void> {
    const failedSale = Number(sale.orderNumber.slice(sale.orderNumber.lastIndexOf('.') + 1))
    await this.#offerNext(sale.auctionId, failedSale, reason)
  }

  async accept(offerId: string, userId: string): Promise<Offer> {
    const { offers, credit, clock } = this.#parts
    const now = clock()
    const offered = await offers.find(offerId, userId)
    if (offered?.status === 'open' && !(await credit.hold(saleOf(offered)))) throw new Refusal('CREDIT_LIMIT_EXCEEDED')
    const accepted = await offers.accept(offerId, userId, now, currentTraceparent())
    if (accepted) {
      // Soon rather than at the next round; if it fails, that round does it.
      void this.work().catch(() => undefined)
      return offerView(accepted, now)
    }
    const present = await offers.find(offerId, userId)
    if (!present) throw new Refusal('OFFER_NOT_FOUND')
    if (present.status !== 'accepted') {
      await credit.saleEnded(saleOf(present))
      throw new Refusal('OFFER_EXPIRED')
    }
    return offerView(present, now)
  }

  async mine(userId: string): Promise<Offer[]> {
    const now = this.#parts.clock()
    return (await this.#parts.offers.ofUser(userId)).map((offer) => offerView(offer, now))
  }

  /** Expires what nobody took, and does what offers have yet to bring about. */
  async work(): Promise<void> {
    const { offers, clock } = this.#parts
    await offers.expire(clock())
    for (const offer of await offers.withDuties(DUTIES_AT_ONCE)) {
      for (const duty of offer.duties) {
        await this.#do(offer, duty)
        await offers.done(offer._id, duty)
      }
    }
  }

  async #offerNext(auctionId: string, failedSale: number, reason: FailureReason): Promise<void> {
    const { house, offers, clock, limits, log } = this.#parts
    const book = await house.books.of(auctionId)
    const { terms } = book
    const sale = offerAfter(terms, failedSale, reason, limits.perAuctionMax)
    if (sale === null) return
    const contender = await this.#nextBest(book)
    if (!contender) return
    const madeAt = clock()
    const traceparent = currentTraceparent()
    const made = await offers.make({
      _id: sha256(`${auctionId}:${sale}`).slice(0, 32),
      auctionId,
      sale,
      productId: terms.productId,
      title: terms.title,
      userId: contender.userId,
      quantity: terms.quantity,
      priceMinor: contender.amountMinor,
      currency: terms.currency,
      status: 'open',
      madeAt,
      expiresAt: madeAt + limits.durationMs,
      ...(traceparent !== undefined && { traceparent }),
      duties: ['publish-offer']
    })
    if (made) log.info({ auctionId, sale }, 'Offered to the next-best bidder')
  }

  /** Reads the whole ledger, once for a sale that failed: rare, and not worth keeping figures for on every bid. */
  async #nextBest({ terms, seal }: Book): Promise<Contender | null> {
    const { ledger, offers } = this.#parts
    const tried = new Set((await offers.ofAuction(terms.auctionId)).map((offer) => offer.userId))
    if (isSealed(terms.mode)) return seal && (await this.#nextBestSealed(terms, seal, tried))
    const contenders = new Contenders()
    for await (const document of ledger.all(terms.auctionId, 1)) {
      const entry = entryOf(document)
      const amountsMinor = amountsOf(document, null)
      if (entry.closing?.winner && document.leader !== null) tried.add(document.leader)
      entry.bids?.forEach((bid, index) => {
        const key = document.keys?.[index]
        const amountMinor = amountsMinor[index]
        if (bid.code === undefined && key !== undefined && amountMinor !== undefined)
          contenders.add(userOfKey(key), amountMinor)
      })
    }
    return contenders.best(tried, terms.reservePriceMinor)
  }

  /** As if those who did not pay had not bid: in a second-price auction the next one pays what then is the second-highest. */
  async #nextBestSealed(terms: Terms, seal: Seal, tried: Set<string>): Promise<Contender | null> {
    const { ledger } = this.#parts
    const winner = (await ledger.last(terms.auctionId))?.leader
    if (winner) tried.add(winner)
    const award = (await sealedBidsIn(ledger.all(terms.auctionId, 1), seal)).award(terms, tried)
    if (!award || award.maximumMinor < (terms.reservePriceMinor ?? 0)) return null
    return { userId: award.leader, amountMinor: award.priceMinor }
  }

  async #do(offer: OfferDocument, duty: OfferDuty): Promise<void> {
    const { producer } = this.#parts
    switch (duty) {
      case 'publish-offer':
        await producer.publish(auctions, [
          {
            definition: OfferMade,
            key: offer.auctionId,
            id: `${offer.auctionId}:offer:${offer.sale}`,
            source: 'bidding',
            subject: offer.auctionId,
            time: offer.madeAt,
            ...traceOf(offer),
            data: {
              offerId: offer._id,
              auctionId: offer.auctionId,
              productId: offer.productId,
              title: offer.title,
              userId: offer.userId,
              priceMinor: offer.priceMinor,
              currency: offer.currency,
              expiresAt: offer.expiresAt
            }
          }
        ])
        return
      case 'publish-sale':
        await producer.publish(saleConfirmed, [
          {
            definition: SaleConfirmed,
            key: offer.productId,
            id: `${offer.auctionId}:offer:${offer.sale}:accepted`,
            source: 'bidding',
            subject: offer.auctionId,
            time: offer.acceptedAt ?? offer.madeAt,
            ...traceOf(offer),
            data: { sale: saleOf(offer) }
          }
        ])
        return
      case 'offer-to-next':
        // Where one who was taking it got no further than holding its price.
        await this.#parts.credit.saleEnded(saleOf(offer))
        // As if its taker had not paid.
        await inTraceOf(offer.traceparent, () => this.#offerNext(offer.auctionId, offer.sale, 'PAYMENT_DECLINED'))
        return
      default:
        duty satisfies never
    }
  }
}

const traceOf = ({ traceparent }: OfferDocument) => (traceparent === undefined ? {} : { traceparent })

const saleOf = (offer: OfferDocument): Sale => ({
  orderNumber: orderNumberOf(offer.auctionId, offer.sale),
  auctionId: offer.auctionId,
  productId: offer.productId,
  userId: offer.userId,
  quantity: offer.quantity,
  unitPriceMinor: offer.priceMinor,
  totalMinor: offer.priceMinor * offer.quantity,
  currency: offer.currency,
  confirmedAt: offer.acceptedAt ?? offer.madeAt
})

function offerView(offer: OfferDocument, now: number): Offer {
  const status = offer.status === 'open' && offer.expiresAt <= now ? 'expired' : offer.status
  const view: Offer = {
    offerId: offer._id,
    auctionId: offer.auctionId,
    productId: offer.productId,
    title: offer.title,
    priceMinor: offer.priceMinor,
    currency: offer.currency,
    status,
    expiresAt: offer.expiresAt
  }
  if (status === 'accepted') view.orderNumber = orderNumberOf(offer.auctionId, offer.sale)
  return view
}
