import type { Bid, Standing, Terms } from '../src/domain/auction.ts'
import { decide, extend } from '../src/domain/decide.ts'
import { SealedBids } from '../src/domain/sealed.ts'
import {
  draftBids,
  draftCancel,
  draftClose,
  draftExtension,
  draftOpening,
  type Draft,
  type Tail
} from '../src/ledger/entry.ts'
import type { ServedEntry, Unsealed } from '../src/ledger/form.ts'
import { amountsOf, entryOf, secretsOf, standingOf } from '../src/ledger/read.ts'
import { Seal } from '../src/ledger/seal.ts'

/** Processes over one ledger without a database: what each remembers may be old, and only the next sequence number is free. */
export interface SimulatedBid extends Bid {
  bidId: string
}

export interface SimulatedLedger {
  terms: Terms
  seal: Seal | null
  entries: Draft[]
}

export const keyOfBid = ({ bidder, bidId }: SimulatedBid): string => `${bidder}:${bidId}`
const pseudonyms = (userId: string): string => `of-${userId}`

export function openLedger(terms: Terms): SimulatedLedger {
  const seal = terms.mode.startsWith('sealed') ? new Seal(terms.auctionId) : null
  const opening = draftOpening(
    terms,
    0,
    'bidder-key',
    seal ? { keyHash: seal.keyHash, sealedKey: 'wrapped' } : undefined
  )
  return { terms, seal, entries: [opening] }
}

export class SimulatedProcess {
  readonly #ledger: SimulatedLedger
  readonly #skewMs: number
  #standing!: Standing
  #tail!: Tail
  readonly #purchases = new Map<string, number>()
  #known = 0
  #waiting: SimulatedBid[] = []
  /** Decided on what this process knew then, and on its way. */
  #inFlight: { draft: Draft; bids: SimulatedBid[] } | undefined

  constructor(ledger: SimulatedLedger, skewMs: number) {
    this.#ledger = ledger
    this.#skewMs = skewMs
    this.#catchUp()
  }

  get isBusy(): boolean {
    return this.#inFlight !== undefined || this.#waiting.length > 0
  }

  /** The same bid again, while it has no answer here, shares the answer of the first. */
  place(bid: SimulatedBid): void {
    const unanswered = [...this.#waiting, ...(this.#inFlight?.bids ?? [])]
    if (!unanswered.some((one) => keyOfBid(one) === keyOfBid(bid))) this.#waiting.push(bid)
  }

  get isClosed(): boolean {
    return this.#standing.closed
  }

  #catchUp(): void {
    for (const { document, entry } of this.#ledger.entries.slice(this.#known)) {
      entry.bids?.forEach((row, index) => {
        const bidder = document.keys?.[index]?.split(':')[0] ?? ''
        if (row.code === undefined) this.#purchases.set(bidder, (this.#purchases.get(bidder) ?? 0) + row.quantity)
      })
      this.#standing = standingOf(entry.standing, document.leader, secretsOf(document))
      this.#tail = { sequence: document._id.seq, hash: document.hash, at: entry.at }
    }
    this.#known = this.#ledger.entries.length
  }

  #at = (now: number): number => Math.max(now + this.#skewMs, this.#tail.at)

  /** One step: what is on its way arrives, or what waits is decided and sent off. */
  step(now: number): void {
    if (this.#inFlight) this.#arrive()
    else if (this.#standing.closed) this.#waiting = []
    else if (this.#waiting.length > 0) this.#send(this.#waiting.splice(0), now)
  }

  #send(bids: SimulatedBid[], now: number): void {
    const { terms, seal } = this.#ledger
    const at = this.#at(now)
    const decision = decide(terms, this.#standing, bids, at, (bidder) => this.#purchases.get(bidder) ?? 0)
    this.#inFlight = {
      draft: draftBids(terms, this.#tail, at, bids, bids.map(keyOfBid), decision, pseudonyms, seal),
      bids
    }
  }

  close(now: number): void {
    this.#act((at) => {
      const { terms, seal } = this.#ledger
      const laidOpen = seal ? { bids: this.#sealedBids(seal), key: seal.key } : undefined
      return draftClose(terms, this.#tail, at, this.#standing, pseudonyms, laidOpen)
    }, now)
  }

  cancel(now: number): void {
    const act = { reason: 'A mistake', by: 'admin' }
    this.#act((at) => draftCancel(this.#ledger.terms, this.#tail, at, this.#standing, act), now)
  }

  extend(byMs: number, now: number): void {
    this.#act((at) => {
      const extended = extend(this.#standing, this.#standing.endsAt + byMs, at)
      if (typeof extended === 'string') return undefined
      const leader = extended.leader === null ? null : pseudonyms(extended.leader)
      return draftExtension(this.#ledger.terms, this.#tail, at, extended, { leader, by: 'admin' })
    }, now)
  }

  #act(draftAt: (at: number) => Draft | undefined, now: number): void {
    if (this.#inFlight || this.#standing.closed) return
    const draft = draftAt(this.#at(now))
    if (draft) this.#inFlight = { draft, bids: [] }
  }

  /** The insert: the sequence number must be free, and no bid of it may be in the ledger already. */
  #arrive(): void {
    const { draft, bids } = this.#inFlight!
    this.#inFlight = undefined
    const { entries } = this.#ledger
    const present = new Set(entries.flatMap(({ document }) => document.keys ?? []))
    const isTaken = draft.document._id.seq !== entries.length
    if (!isTaken && !bids.some((bid) => present.has(keyOfBid(bid)))) {
      entries.push(draft)
      this.#catchUp()
      return
    }
    this.#catchUp()
    this.#waiting.unshift(...bids.filter((bid) => !present.has(keyOfBid(bid))))
  }

  #sealedBids(seal: Seal): SealedBids {
    const sealed = new SealedBids()
    for (const { document, entry } of this.#ledger.entries) {
      const amounts = amountsOf(document, seal)
      entry.bids?.forEach((row, index) => {
        if (row.code === undefined) sealed.add(document.keys?.[index]?.split(':')[0] ?? '', amounts[index] ?? 0)
      })
    }
    return sealed
  }
}

/** As the service serves it once it is closed. */
export function servedEntries({ entries, seal }: SimulatedLedger): ServedEntry[] {
  const isSealedForGood = seal !== null && entries.at(-1)?.entry.closing?.outcome === 'cancelled'
  return entries.map(({ document }): ServedEntry => {
    const entry: ServedEntry = { ...entryOf(document), hash: document.hash }
    if (isSealedForGood) return entry
    const amounts = amountsOf(document, seal)
    const unsealed = (entry.bids ?? []).map((bid, index): Unsealed => ({
      amountMinor: amounts[index] ?? 0,
      nonce: seal?.nonceOf(bid) ?? ''
    }))
    return { ...entry, opening: secretsOf(document), ...(seal && entry.bids && { unsealed }) }
  })
}
