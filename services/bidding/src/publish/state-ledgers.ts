import { LedgersStated, type StatedLedger } from '@gavel/contracts/events/statements.ts'
import type { Statement } from '@gavel/platform/statements.ts'
import { entryOf } from '../ledger/read.ts'
import type { Auctions } from '../store/auctions.ts'
import type { Ledger } from '../store/ledger.ts'
import type { Offers } from '../store/offers.ts'

/** Each is a look into its ledger. */
const PAGE = 100

/** Where the ledgers end, and how many sales they hold. One that has entries to publish is left out of the count of what was told. */
export const ledgerStatement = (
  { ledger, auctions, offers }: { ledger: Ledger; auctions: Auctions; offers: Offers },
  clock: () => number
): Statement => ({
  definition: LedgersStated,
  readPage: async (after) => {
    const now = clock()
    const listed = await auctions.from(after, PAGE)
    const ledgers = await Promise.all(
      listed.map(async ({ auctionId, publishedSeq }): Promise<StatedLedger | undefined> => {
        const last = await ledger.last(auctionId)
        if (!last) return undefined
        const { sequence, standing, at } = entryOf(last)
        const accepted = (await offers.ofAuction(auctionId)).filter(({ status }) => status === 'accepted')
        const duties = accepted.some((offer) => offer.duties.includes('publish-sale'))
        return {
          auctionId,
          sequence,
          saleCount: standing.saleCount,
          offeredSales: accepted.map(({ sale }) => sale),
          // What is not published yet is as new as can be to everybody else.
          changedAt:
            publishedSeq < sequence || duties
              ? now
              : Math.max(at, ...accepted.map(({ acceptedAt }) => acceptedAt ?? at))
        }
      })
    )
    const upTo = listed.length < PAGE ? null : listed.at(-1)!.auctionId
    return { upTo, asOf: now, data: { ledgers: ledgers.filter((each) => each !== undefined) } }
  }
})
