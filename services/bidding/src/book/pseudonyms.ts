import { pseudonymOf, type Pseudonyms } from '../ledger/entry.ts'

const REMEMBERED_MAX = 4096

/** Hashing a bidder's name once instead of once a bid; forgetting all at the limit is simpler than ranking them. */
export function rememberedPseudonyms(bidderKey: string): Pseudonyms {
  let remembered = new Map<string, string>()
  return (userId) => {
    const known = remembered.get(userId)
    if (known !== undefined) return known
    const made = pseudonymOf(bidderKey, userId)
    if (remembered.size >= REMEMBERED_MAX) remembered = new Map()
    remembered.set(userId, made)
    return made
  }
}
