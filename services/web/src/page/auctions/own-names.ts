import type { BidReceipt } from '@gavel/contracts/api/bidding.ts'
import { useEffect, useSyncExternalStore } from 'react'
import { call } from '../api/call.ts'
import { useOperation } from '../api/query.ts'
import { currentSession, useAccount } from '../api/session.ts'

/**
 * Auctions show pseudonyms, another in each. Which is the reader's own, the platform tells a moment after the first bid, and a receipt at
 * once: it names a row of the public ledger, and that row names its bidder. What was learned is kept in this browser.
 */
const key = 'gavel.names'
type Known = Record<string, { name: string; at: number }>

const listeners = new Set<() => void>()
let cached: { text: string; known: Known } = { text: '', known: {} }

function read(): Known {
  const text = localStorage.getItem(key) ?? '{}'
  if (text !== cached.text) {
    try {
      cached = { text, known: JSON.parse(text) as Known }
    } catch {
      cached = { text, known: {} }
    }
  }
  return cached.known
}

const place = (auctionId: string): string => `${currentSession()?.account.userId ?? ''}/${auctionId}`

function keep(auctionId: string, name: string): void {
  const known = read()
  if (known[place(auctionId)]?.name === name) return
  // The newest few hundred are enough, and a bound is a bound.
  const kept = Object.entries({ ...known, [place(auctionId)]: { name, at: Date.now() } })
    .toSorted(([, a], [, b]) => b.at - a.at)
    .slice(0, 300)
  localStorage.setItem(key, JSON.stringify(Object.fromEntries(kept)))
  for (const listener of listeners) listener()
}

type LedgerRow = { bids?: { bidId: string; bidder: string }[] }

export async function learnFrom({ auctionId, bidId, sequence }: BidReceipt): Promise<void> {
  if (read()[place(auctionId)]) return
  const { entries } = await call('readLedger', { params: { auctionId }, query: { from: sequence, limit: 1 } })
  const bidder = (entries as LedgerRow[])[0]?.bids?.find((bid) => bid.bidId === bidId)?.bidder
  if (bidder) keep(auctionId, bidder)
}

const listen = (listener: () => void): (() => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** The reader's pseudonym here, as far as this browser knows it. */
export const useKnownName = (auctionId: string): string | undefined =>
  useSyncExternalStore(listen, () => read()[place(auctionId)]?.name)

/** The same; where this browser does not know it, the platform is asked: they may have bid from another. */
export function useOwnName(auctionId: string): string | undefined {
  const known = useKnownName(auctionId)
  const isAsked = useAccount()?.role === 'bidder' && known === undefined
  const asked = useOperation('listMyBids', { query: { auctionId } }, { enabled: isAsked })
  const told = isAsked ? asked.data?.items[0]?.bidder : undefined
  useEffect(() => {
    if (told !== undefined) keep(auctionId, told)
  }, [auctionId, told])
  return known ?? told
}
