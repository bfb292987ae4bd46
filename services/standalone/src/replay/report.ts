/** What became of one bid. A refusal with a receipt is in the ledger. */
export type BidAnswer =
  { status: 'accepted' } | { status: 'refused'; code: string; inLedger: boolean } | { status: 'unanswered' }

export type SaleEnding = 'ordered' | 'failed' | 'open'

/** All that the report says of one auction. */
export type AuctionOutcome = {
  /** As the recording names it. */
  auctionId: string
  recordedMinor: number
  /** 0 where no bid was accepted. */
  closedMinor: number
  answers: BidAnswer[]
  /** One for each sale that the close brought about; an auction that should have sold and shows no sale counts as open. */
  sales: SaleEnding[]
  ledger: 'verified' | 'broken'
}

/** The shape of `--json`, to the letter. Bids that were never answered are total less accepted less refused. */
export type Report = {
  auctions: number
  bids: { total: number; accepted: number; refused: Record<string, number> }
  prices: { equal: number; different: { auctionId: string; recordedMinor: number; closedMinor: number }[] }
  sagas: { orders: number; failed: number; open: number }
  ledgers: { verified: number; broken: number }
  bidsPerSecond: number
}

export function reportOf(outcomes: readonly AuctionOutcome[], bidsPerSecond: number): Report {
  const answers = outcomes.flatMap((outcome) => outcome.answers)
  const refused: Record<string, number> = {}
  for (const answer of answers) if (answer.status === 'refused') refused[answer.code] = (refused[answer.code] ?? 0) + 1
  const sales = outcomes.flatMap((outcome) => outcome.sales)
  const count = (ending: SaleEnding): number => sales.filter((sale) => sale === ending).length
  const different = outcomes
    .filter(({ recordedMinor, closedMinor }) => recordedMinor !== closedMinor)
    .map(({ auctionId, recordedMinor, closedMinor }) => ({ auctionId, recordedMinor, closedMinor }))
  return {
    auctions: outcomes.length,
    bids: { total: answers.length, accepted: answers.filter(({ status }) => status === 'accepted').length, refused },
    prices: { equal: outcomes.length - different.length, different },
    sagas: { orders: count('ordered'), failed: count('failed'), open: count('open') },
    ledgers: {
      verified: outcomes.filter(({ ledger }) => ledger === 'verified').length,
      broken: outcomes.filter(({ ledger }) => ledger === 'broken').length
    },
    bidsPerSecond: Math.round(bidsPerSecond * 10) / 10
  }
}

const sum = (counts: Record<string, number>): number => Object.values(counts).reduce((total, count) => total + count, 0)

export const unansweredBids = ({ bids }: Report): number => bids.total - bids.accepted - sum(bids.refused)

/** What makes the replay fail, in words; nothing when all is well. A price that differs from the record is a finding, not a failure. */
export function faultsOf(report: Report): string[] {
  const unanswered = unansweredBids(report)
  const faults: [number, string][] = [
    [unanswered, 'bids were not answered'],
    [report.sagas.open, 'sales did not end'],
    [report.ledgers.broken, 'ledgers do not verify']
  ]
  return faults.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`)
}

export function tableOf(report: Report): string {
  const { bids, prices, sagas, ledgers } = report
  const refusals = Object.entries(bids.refused).toSorted(([, a], [, b]) => b - a)
  const rows: [string, number | string][] = [
    ['auctions', report.auctions],
    ['bids', bids.total],
    ['  accepted', bids.accepted],
    ...refusals.map(([code, count]): [string, number] => [`  refused ${code}`, count]),
    ['  not answered', unansweredBids(report)],
    ['prices as recorded', `${prices.equal} of ${report.auctions}`],
    ['sales', sagas.orders + sagas.failed + sagas.open],
    ['  orders', sagas.orders],
    ['  failed', sagas.failed],
    ['  still open', sagas.open],
    ['ledgers verified', `${ledgers.verified} of ${ledgers.verified + ledgers.broken}`],
    ['bids per second', report.bidsPerSecond]
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width + 2)}${String(value).padStart(12)}`).join('\n')
}
