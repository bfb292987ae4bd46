import type { Step } from '../parts/step-path.ts'
import type { AuctionNow, TickerBid } from './auction-now.ts'

/** What the page uses of a public ledger entry. */
export type HistoryEntry = {
  sequence: number
  at: number
  bids?: { bidId: string; bidder: string; code?: string; priceMinor: number; quantity: number }[]
  standing: { priceMinor: number; bidCount: number }
  opening?: { amountsMinor: number[]; maximumMinor: number; secondMinor: number }
}

/** The price from entry to entry: those of the ledger as it was read, then those seen live. */
export function stepsOf(openingPriceMinor: number, entries: readonly HistoryEntry[], { points }: AuctionNow): Step[] {
  const last = entries.at(-1)?.sequence ?? -1
  const read = entries.map(({ at, standing }) => ({
    at,
    value: standing.bidCount === 0 ? openingPriceMinor : standing.priceMinor
  }))
  const live = points.filter(({ sequence }) => sequence > last).map(({ at, priceMinor }) => ({ at, value: priceMinor }))
  return [...read, ...live].filter(({ value }, index, all) => index === 0 || value !== all[index - 1]?.value)
}

export function recentBids(entries: readonly HistoryEntry[], { ticker }: AuctionNow, most = 12): TickerBid[] {
  const last = entries.at(-1)?.sequence ?? -1
  const read = entries.flatMap(({ sequence, at, bids = [] }) =>
    bids
      .map((bid, index) => ({ ...bid, at, key: `${sequence}.${index}` }))
      .filter(({ code }) => code === undefined)
      .map(({ bidder, priceMinor, at: when, key }) => ({ bidder, priceMinor, at: when, key }))
  )
  const live = ticker.filter(({ key }) => Number(key.split('.')[0]) > last)
  return [...live, ...read.toReversed()].slice(0, most)
}
