import type { BidReceipt } from '@gavel/contracts/api/bidding.ts'
import type { Terms } from '../domain/auction.ts'
import { orderNumberOf } from '../domain/auction.ts'
import { stepOrBuyNow } from '../domain/english.ts'
import type { PublicEntry } from './form.ts'
import type { Seal } from './seal.ts'

/** The least a new bidder must bid at a price. English prices are 0 until the first bid. */
export const priceToBeatAt = (terms: Terms, priceMinor: number): number =>
  terms.mode !== 'english' || priceMinor === 0 ? terms.openingPriceMinor : stepOrBuyNow(terms, priceMinor)

/** A receipt holds nothing that its ledger entry does not: it can be made again at any time, by any process. */
export function receiptOf(
  terms: Terms,
  entry: PublicEntry,
  hash: string,
  index: number,
  seal: Seal | null
): BidReceipt {
  const bid = entry.bids?.[index]
  if (!bid) throw new Error(`Entry ${entry.sequence} of ${entry.auctionId} holds no bid ${index}`)
  const receipt: BidReceipt = {
    bidId: bid.bidId,
    auctionId: entry.auctionId,
    sequence: entry.sequence,
    index,
    outcome: bid.code === undefined ? 'accepted' : 'refused',
    leading: bid.leading,
    priceMinor: bid.priceMinor,
    priceToBeatMinor: priceToBeatAt(terms, bid.priceMinor),
    quantity: bid.quantity,
    endsAt: bid.endsAt ?? entry.standing.endsAt,
    decidedAt: entry.at,
    hash
  }
  if (bid.code !== undefined) receipt.code = bid.code
  if (bid.sale !== undefined) receipt.orderNumber = orderNumberOf(entry.auctionId, bid.sale)
  if (seal && bid.commitment !== undefined) {
    receipt.seal = { bidder: bid.bidder, nonce: seal.nonceOf(bid), commitment: bid.commitment }
  }
  return receipt
}
