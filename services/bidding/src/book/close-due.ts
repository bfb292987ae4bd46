import type { House } from '../house.ts'
import type { Auctions } from '../store/auctions.ts'
import type { Listing } from './listing.ts'

const AT_ONCE = 16

/**
 * Closes the auctions whose end has come. Every process looks; the ledger lets one of them win. It asks the ledger for
 * the true end, so that a listing which lags behind an extension closes nothing early.
 */
export async function closeDue(
  house: House,
  auctions: Auctions,
  listing: Listing,
  now: number,
  limit: number
): Promise<number> {
  const due = await auctions.due(now, limit)
  const left = due.values()
  let firstError: unknown
  await Promise.all(
    Array.from({ length: Math.min(AT_ONCE, due.length) }, async () => {
      for (const auctionId of left) {
        try {
          listing.show(await house.closeWhenDue(auctionId))
        } catch (error) {
          firstError ??= error
        }
      }
    })
  )
  await listing.flush()
  if (firstError !== undefined) throw firstError
  return due.length
}
