import type { BidReceipt } from '@gavel/contracts/api/bidding.ts'
import { useSyncExternalStore } from 'react'
import { call } from '../api/call.ts'
import { currentSession } from '../api/session.ts'

/**
 * Auctions show pseudonyms, another in each. Which is the reader's own, a receipt tells: it names a row of the public ledger, and that row
 * names its bidder. What was learned is kept in this browser, together with the auctions somebody took part in.
 */
const key = 'gavel.names'
type Known = Record<string, { name: string | null; at: number }>

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

function write(known: Known): void {
  // The newest few hundred are enough, and a bound is a bound.
  const kept = Object.entries(known)
    .toSorted(([, a], [, b]) => b.at - a.at)
    .slice(0, 300)
  localStorage.setItem(key, JSON.stringify(Object.fromEntries(kept)))
  for (const listener of listeners) listener()
}

const place = (auctionId: string): string => `${currentSession()?.account.userId ?? ''}/${auctionId}`

type LedgerRow = { bids?: { bidId: string; bidder: string }[] }

export async function learnFrom({ auctionId, bidId, sequence }: BidReceipt): Promise<void> {
  const id = place(auctionId)
  if (read()[id]?.name) return
  write({ ...read(), [id]: { name: null, at: Date.now() } })
  const { entries } = await call('readLedger', { params: { auctionId }, query: { from: sequence, limit: 1 } })
  const bidder = (entries as LedgerRow[])[0]?.bids?.find((bid) => bid.bidId === bidId)?.bidder
  if (bidder) write({ ...read(), [id]: { name: bidder, at: Date.now() } })
}

const listen = (listener: () => void): (() => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** The reader's pseudonym here; null where they took part and it is not known yet, undefined where they did not. */
export const useOwnName = (auctionId: string): string | null | undefined =>
  useSyncExternalStore(listen, () => read()[place(auctionId)]?.name)

let list: { text: string; who: string; ids: string[] } = { text: '', who: '', ids: [] }
/** The auctions the signed-in person took part in from this browser, newest first. */
export const useOwnAuctions = (): string[] =>
  useSyncExternalStore(listen, () => {
    const known = read()
    const who = place('')
    if (list.text !== cached.text || list.who !== who) {
      const ids = Object.entries(known)
        .filter(([id]) => id.startsWith(who))
        .toSorted(([, a], [, b]) => b.at - a.at)
        .map(([id]) => id.slice(who.length))
      list = { text: cached.text, who, ids }
    }
    return list.ids
  })
