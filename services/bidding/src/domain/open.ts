import type { ErrorCode } from '@gavel/contracts/errors.ts'
import { isOneLot, type AuctionMode, type Terms } from './auction.ts'
import { MINOR_MAX } from './money.ts'
import { incrementsAreValid, incrementsFrom, type IncrementPreset, type Increments } from './increments.ts'

export interface OpenCommand {
  auctionId: string
  productId: string
  title: string
  mode: AuctionMode
  currency: string
  openingPriceMinor: number
  reservePriceMinor?: number | undefined
  buyNowPriceMinor?: number | undefined
  increments?: IncrementPreset | Increments | undefined
  quantity?: number | undefined
  quantityPerBuyer?: number | undefined
  startsAt?: number | undefined
  endsAt: number
  antiSnipingWindowMs?: number | undefined
  secondChance?: boolean | undefined
}

export type Opening = { terms: Terms } | { refusal: ErrorCode; detail?: string }

/** From what an admin asked for to the terms, or why not. */
export function open(command: OpenCommand, now: number): Opening {
  const terms = termsFrom(command, command.startsAt ?? now)
  if (terms.endsAt <= terms.startsAt || terms.endsAt <= now) return { refusal: 'AUCTION_WINDOW_INVALID' }
  if (!incrementsAreValid(terms.increments)) return { refusal: 'INCREMENTS_INVALID' }
  if (!buyNowIsValid(command)) return { refusal: 'BUY_NOW_INVALID' }
  const piecesAtOnce = isOneLot(terms.mode)
    ? terms.quantity
    : Math.min(terms.quantity, terms.quantityPerBuyer ?? terms.quantity)
  if (terms.openingPriceMinor * piecesAtOnce > MINOR_MAX) {
    return { refusal: 'INVALID_INPUT', detail: 'The price of all pieces together is more than an amount can hold' }
  }
  return { terms }
}

export const termsFrom = (command: OpenCommand, startsAt: number): Terms => ({
  auctionId: command.auctionId,
  productId: command.productId,
  title: command.title,
  mode: command.mode,
  currency: command.currency,
  openingPriceMinor: command.openingPriceMinor,
  reservePriceMinor: isOneLot(command.mode) ? (command.reservePriceMinor ?? null) : null,
  buyNowPriceMinor: command.buyNowPriceMinor ?? null,
  increments: incrementsFrom(command.increments),
  quantity: command.quantity ?? 1,
  quantityPerBuyer: command.mode === 'fixed-price' ? (command.quantityPerBuyer ?? null) : null,
  startsAt,
  endsAt: command.endsAt,
  antiSnipingWindowMs: command.mode === 'english' ? (command.antiSnipingWindowMs ?? 0) : 0,
  secondChance: isOneLot(command.mode) && (command.secondChance ?? false)
})

/** At or below the opening price there would be no auction; below the reserve it would sell for less than the seller wants. */
const buyNowIsValid = ({ mode, openingPriceMinor, reservePriceMinor, buyNowPriceMinor }: OpenCommand): boolean =>
  buyNowPriceMinor === undefined ||
  (mode === 'english' && buyNowPriceMinor > openingPriceMinor && buyNowPriceMinor >= (reservePriceMinor ?? 0))

export interface BidForm {
  amountMinor: number
  currency?: string | undefined
  quantity?: number | undefined
}

/**
 * What is wrong with a bid whatever the standing: such a bid is not taken into the ledger. An auction is bid for as one
 * lot, so a bid's quantity is the lot's.
 */
export function checkForm(terms: Terms, bid: BidForm): { quantity: number } | { refusal: ErrorCode; detail?: string } {
  if (bid.currency !== undefined && bid.currency !== terms.currency) return { refusal: 'CURRENCY_MISMATCH' }
  const quantity = bid.quantity ?? (isOneLot(terms.mode) ? terms.quantity : 1)
  if (isOneLot(terms.mode) && quantity !== terms.quantity) {
    return { refusal: 'INVALID_INPUT', detail: `This auction sells ${terms.quantity} as one lot` }
  }
  const unitMinor = isOneLot(terms.mode) ? bid.amountMinor : terms.openingPriceMinor
  if (unitMinor * quantity > MINOR_MAX) {
    return { refusal: 'INVALID_INPUT', detail: 'The price of all pieces together is more than an amount can hold' }
  }
  return { quantity }
}
