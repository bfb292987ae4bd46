import { closeAuction, openAuction, placeBid, type Auction } from '@gavel/contracts/api/bidding.ts'
import { addProduct } from '@gavel/contracts/api/catalog.ts'
import { setStock } from '@gavel/contracts/api/inventory.ts'
import { Refused, Unanswered, type Gateway } from '../client/gateway.ts'
import type { Bidder, Bidders } from './bidders.ts'
import type { RecordedAuction, RecordedBid } from './recording.ts'
import type { BidAnswer } from './report.ts'

/** A replay lasts minutes: each auction is closed by the admin after its last bid, long before this. */
const auctionLengthMs = 24 * 60 * 60_000

export type Admin = { token(): Promise<string> }

/** One auction of this replay. */
export type ReplayedAuction = {
  recorded: RecordedAuction
  /** The platform's id of the auction and of its product. */
  id: string
  answers: { bidId: string; answer: BidAnswer }[]
  /** Missing while it runs, and where its close was not answered. */
  closed?: Auction
}

/** Lists the item with one piece in stock and opens its auction with the terms of the recording. Safe to repeat. */
export async function openRecorded(gateway: Gateway, admin: Admin, { recorded, id }: ReplayedAuction): Promise<void> {
  const options = { token: await admin.token(), repeatable: true }
  const title = recorded.item
  await gateway
    .call(addProduct, { body: { productId: id, title, category: 'Replay' } }, options)
    .catch((error: unknown) => {
      // The answer to a first try was lost: the id is this replay's own, so the product is ours.
      if (!(error instanceof Refused) || error.code !== 'PRODUCT_EXISTS') throw error
    })
  await gateway.call(setStock, { params: { productId: id }, body: { available: 1 } }, options)
  const terms = {
    auctionId: id,
    productId: id,
    title,
    mode: 'english' as const,
    currency: 'USD',
    openingPriceMinor: recorded.openingPriceMinor,
    increments: 'ebay-2003' as const,
    endsAt: Date.now() + auctionLengthMs,
    antiSnipingWindowMs: 0,
    secondChance: false
  }
  await gateway.call(openAuction, { body: terms }, options)
}

async function placeRecorded(
  gateway: Gateway,
  auctionId: string,
  bidder: Bidder,
  bidId: string,
  amountMinor: number
): Promise<BidAnswer> {
  for (let tries = 1; ; tries += 1) {
    try {
      const token = await bidder.token()
      await gateway.call(
        placeBid,
        { params: { auctionId }, body: { bidId, amountMinor, currency: 'USD' } },
        { token, repeatable: true }
      )
      return { status: 'accepted' }
    } catch (error) {
      if (!(error instanceof Refused)) return { status: 'unanswered' }
      // A token can end between two of our looks at the clock, or its key can be gone; the bid id makes the repeat harmless.
      if (error.code !== 'UNAUTHENTICATED' || tries > 1) {
        return { status: 'refused', code: error.code, inLedger: error.problem['receipt'] !== undefined }
      }
      bidder.forgetToken()
    }
  }
}

/** The bid's line in the recording names it, so that a repeat gets the receipt of the first. */
export const bidIdOf = (bid: RecordedBid): string => `line-${bid.line}`

/** Places the bids strictly one after another, each when the one before has its receipt, and closes the auction. */
export async function playRecorded(
  gateway: Gateway,
  admin: Admin,
  bidders: Bidders,
  auction: ReplayedAuction,
  answered: () => void
): Promise<void> {
  for (const bid of auction.recorded.bids) {
    const bidId = bidIdOf(bid)
    const answer = await placeRecorded(gateway, auction.id, bidders.named(bid.bidder), bidId, bid.amountMinor)
    auction.answers.push({ bidId, answer })
    answered()
  }
  try {
    const options = { token: await admin.token(), repeatable: true }
    auction.closed = await gateway.call(closeAuction, { params: { auctionId: auction.id } }, options)
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error
  }
}
