import { randomBytes } from 'node:crypto'
import type { Gateway } from '../client/gateway.ts'
import { openBidders } from './bidders.ts'
import { checkLedger } from './ledgers.ts'
import { openRecorded, playRecorded, type Admin, type ReplayedAuction } from './place.ts'
import type { Progress } from './progress.ts'
import type { RecordedAuction } from './recording.ts'
import { reportOf, type AuctionOutcome, type Report } from './report.ts'
import { waitForSales } from './sales.ts'
import { sideBySide } from './side-by-side.ts'

export type ReplayOptions = {
  gateway: Gateway
  admin: Admin
  /** Where the bidders' accounts are kept from one replay to the next. */
  directory: string
  progress: Progress
  /** Auctions side by side. */
  width: number
  /** How long to wait for the next sale to end. */
  waitMs: number
}

/** What the admin does: bounded by what one signed-in user may do in a second, so wider would only wait. */
const adminWidth = 16

/** Ids that no other replay has, and that name their auction: the id of a recording may hold anything. */
function idsFor(recorded: readonly RecordedAuction[]): ReplayedAuction[] {
  const run = randomBytes(5).toString('hex')
  return recorded.map((auction, index) => {
    const name = auction.auctionId.replace(/[^A-Za-z0-9_-]/g, '-').slice(0, 40)
    return { recorded: auction, id: `${run}-${index + 1}-${name}`, answers: [] }
  })
}

/** Plays a whole recording against the platform and says what became of every bid, price, sale and ledger. */
export async function replay(options: ReplayOptions, recorded: readonly RecordedAuction[]): Promise<Report> {
  const { gateway, admin, progress } = options
  const auctions = idsFor(recorded)
  const names = [...new Set(recorded.flatMap(({ bids }) => bids.map(({ bidder }) => bidder)))]
  const bidCount = recorded.reduce((count, { bids }) => count + bids.length, 0)

  const registering = progress.step('Signing in bidders', names.length)
  const bidders = await openBidders(gateway, options.directory, names, registering)
  registering.done()

  const opening = progress.step('Opening auctions', auctions.length)
  await sideBySide(auctions, adminWidth, async (auction) => {
    await openRecorded(gateway, admin, auction)
    opening.advance()
  })
  opening.done()

  const placing = progress.step('Placing bids', bidCount)
  const beganAt = performance.now()
  let lastAnswerAt = beganAt
  await sideBySide(auctions, options.width, (auction) =>
    playRecorded(gateway, admin, bidders, auction, () => {
      lastAnswerAt = performance.now()
      placing.advance()
    })
  )
  const bidsPerSecond = bidCount / ((lastAnswerAt - beganAt) / 1000)
  placing.done(`${Math.round(bidsPerSecond)} bids per second`)
  bidders.save()

  const selling = progress.step('Waiting for sales', auctions.length)
  const sales = await waitForSales(gateway, admin, auctions, options.waitMs, selling)
  selling.done()

  const verifying = progress.step('Verifying ledgers', auctions.length)
  const outcomes: AuctionOutcome[] = []
  await sideBySide(auctions, adminWidth, async (auction) => {
    const problem = await checkLedger(gateway, auction)
    if (problem) progress.say(`The ledger of auction ${auction.recorded.auctionId} is broken: ${problem}`)
    outcomes.push(outcomeOf(auction, sales.get(auction) ?? [], problem === undefined))
    verifying.advance()
  })
  verifying.done()
  const order = new Map(recorded.map(({ auctionId }, index) => [auctionId, index]))
  return reportOf(
    outcomes.toSorted((a, b) => order.get(a.auctionId)! - order.get(b.auctionId)!),
    bidsPerSecond
  )
}

function outcomeOf(auction: ReplayedAuction, sales: AuctionOutcome['sales'], verified: boolean): AuctionOutcome {
  return {
    auctionId: auction.recorded.auctionId,
    recordedMinor: auction.recorded.recordedPriceMinor,
    closedMinor: auction.closed?.priceMinor ?? 0,
    answers: auction.answers.map(({ answer }) => answer),
    sales,
    ledger: verified ? 'verified' : 'broken'
  }
}
