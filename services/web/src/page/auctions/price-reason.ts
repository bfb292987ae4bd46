import type { Auction } from '@gavel/contracts/api/bidding.ts'
import type { LiveAuction } from '@gavel/contracts/api/web-socket.ts'
import { formatMoney } from '../money.ts'
import type { HistoryEntry } from './history.ts'

export type Increments = Auction['increments']

export const incrementAt = (increments: Increments, priceMinor: number): number =>
  increments.findLast(({ fromMinor }) => fromMinor <= priceMinor)?.incrementMinor ?? 0

/** What made the price what it is, in the rules' own words; with the figures themselves once they are laid open. */
export function reasonOf(auction: LiveAuction, increments: Increments, entries: readonly HistoryEntry[]): string {
  const { mode, bidCount, currency, priceMinor, reserveMet, openingPriceMinor } = auction
  const money = (minor: number): string => formatMoney(minor, currency)
  if (mode === 'fixed-price') return 'The price was set by the seller and does not move.'
  if (mode.startsWith('sealed') && auction.status !== 'closed')
    return mode === 'sealed-first-price'
      ? 'Bids are hidden until the close. Then the highest wins and pays what it bid.'
      : 'Bids are hidden until the close. Then the highest wins and pays what the second-highest bid, so it is best to bid what the item is worth to you.'
  if (bidCount === 0)
    return `Nobody has bid. The first bid must be at least the opening price, ${money(openingPriceMinor)}.`
  const opened = entries.findLast(({ opening }) => opening !== undefined)?.opening
  if (opened && opened.secondMinor > 0)
    return `The highest maximum was ${money(opened.maximumMinor)}, the second highest ${money(opened.secondMinor)}. The winner pays one step above the second, and never more than their own maximum: ${money(priceMinor)}.`
  if (bidCount === 1)
    return `There is one bid. The price is where bidding opens, or the seller’s reserve where the bidder’s secret maximum reaches it: ${money(priceMinor)}.`
  const step = money(incrementAt(increments, priceMinor))
  const reserve = reserveMet ? '' : ' The seller’s reserve is not met yet: below it nothing is sold.'
  return `The leader has named a maximum that is secret until the close. The price is one step (${step} here) above the second-highest maximum, never above the leader’s own, and not below the seller’s reserve once that is met.${reserve}`
}

/** The rows about the present price: the whole table is long, and of interest are the next steps. */
export function rowsAbout(increments: Increments, priceMinor: number): Increments {
  const here = Math.max(
    0,
    increments.findLastIndex(({ fromMinor }) => fromMinor <= priceMinor)
  )
  return increments.slice(Math.max(0, here - 1), here + 4)
}
