import { calculatePlainly } from '../fixtures/plain-calculation.ts'
import { readRecording } from '@gavel/standalone/replay/recording.ts'

/** A recording of auctions in the form of the published data sets: always the same one, by a small generator of its own. */
export function recordAuctions(count: number): string {
  let state = 20_260_101
  const next = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state % below
  }
  const lines = ['auctionid,bid,bidtime,bidder,bidderrate,openbid,price,item,auction_type']
  for (let auction = 1; auction <= count; auction += 1) {
    const opening = 5 + next(40)
    let bid = opening
    for (let at = 1; at <= 3 + next(4); at += 1) {
      bid += next(9)
      lines.push(
        `lot-${auction},${bid}.${next(10)}0,${(at / 10).toFixed(2)},bidder${next(12)},1,${opening},${bid},Lot ${auction},3 day auction`
      )
    }
  }
  return `${lines.join('\n')}\n`
}

/** What a plain calculation makes of a recording. */
export function expectedOf(text: string): { auctions: number; bids: number; accepted: number; orders: number } {
  const { auctions } = readRecording(text)
  const outcomes = auctions.map(({ openingPriceMinor, bids }) => calculatePlainly(openingPriceMinor, bids))
  return {
    auctions: auctions.length,
    bids: auctions.reduce((total, { bids }) => total + bids.length, 0),
    accepted: outcomes.reduce((total, { accepted }) => total + accepted, 0),
    orders: outcomes.filter(({ winner }) => winner !== undefined).length
  }
}
