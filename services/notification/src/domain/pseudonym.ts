import { createHash } from 'node:crypto'

/** For events without the ledger's own pseudonyms: stable within an auction, different in the next, and no user id. */
export const derivedPseudonym = (auctionId: string, userId: string): string =>
  createHash('sha256').update(`${auctionId}:${userId}`).digest('hex').slice(0, 16)
