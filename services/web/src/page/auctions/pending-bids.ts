import type { BidReceipt, BidRequest } from '@gavel/contracts/api/bidding.ts'
import { call } from '../api/call.ts'
import { Problem } from '../api/problem.ts'
import { currentSession } from '../api/session.ts'

/**
 * Bids whose answer has not come, kept over a reload: what became of each is asked by its id, so that nobody has to guess and bid twice.
 */
const key = 'gavel.pending-bids'
type Pending = { auctionId: string; userId: string; bid: BidRequest }

function read(): Pending[] {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? '[]') as Pending[]
  } catch {
    return []
  }
}
const write = (pending: Pending[]): void => sessionStorage.setItem(key, JSON.stringify(pending.slice(-20)))
const userId = (): string => currentSession()?.account.userId ?? ''

export const remember = (auctionId: string, bid: BidRequest): void =>
  write([...read(), { auctionId, userId: userId(), bid }])
export const forget = (bidId: string): void => write(read().filter(({ bid }) => bid.bidId !== bidId))
export const pendingOf = (auctionId: string): BidRequest[] =>
  read()
    .filter((each) => each.auctionId === auctionId && each.userId === userId())
    .map(({ bid }) => bid)

/** The receipt; undefined where the bid never arrived. Throws where it cannot be known yet. */
export async function whatBecameOf(auctionId: string, bidId: string): Promise<BidReceipt | undefined> {
  try {
    return await call('readBid', { params: { auctionId, bidId } })
  } catch (error) {
    if (error instanceof Problem && error.code === 'BID_NOT_FOUND') return undefined
    throw error
  }
}
