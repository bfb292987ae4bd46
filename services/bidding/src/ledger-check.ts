import { setTimeout as pause } from 'node:timers/promises'
import { Fault, Refusal, toFailure } from '@gavel/platform/errors.ts'
import type { Logger } from '@gavel/platform/log.ts'
import type { House } from './house.ts'
import { checkStored, type LedgerProblem } from './ledger/check-stored.ts'
import { isLaidOpen, servedEntry } from './ledger/serve.ts'
import type { Auctions } from './store/auctions.ts'
import type { Ledger } from './store/ledger.ts'
import { LedgerVerifier } from './verify/verify.ts'

export type CheckKind = 'whole' | 'sample'

export interface LedgerCheckParts {
  house: House
  auctions: Auctions
  ledger: Ledger
  clock: () => number
  log: Logger
  checked: (kind: CheckKind, isWhole: boolean) => void
}

const PAGE = 100
const PAGE_BYTES = 1024 * 1024
/** Longer than a page takes: after it another process takes over. */
const LEASE_MS = 60_000
/** A broken ledger is looked at again, so that one that was repaired is not told of for ever. */
const RECHECK_MS = 10_000
/** After each page it rests for so many times what the page took: bids come first. */
const REST = 3

/**
 * Verifies ledgers as they are stored, by the rules that everybody verifies them by. Each closed one once and whole, with every
 * decision made again; and of all of them, open or closed long ago, now and then a stretch somewhere. What is broken is marked, told
 * in the log and counted, and nothing else is done: a ledger is never repaired by a machine.
 */
export class LedgerCheck {
  readonly #parts: LedgerCheckParts
  #turn = 0

  constructor(parts: LedgerCheckParts) {
    this.#parts = parts
  }

  /** One sample, and every closed ledger that nobody has verified yet. */
  async work(signal: AbortSignal): Promise<void> {
    const { auctions, clock } = this.#parts
    // By turns of all and of the open ones, which are few.
    const sampled = await auctions.sample((this.#turn += 1) % 2 === 0)
    if (sampled !== undefined) {
      const problem = await this.#check(sampled, 'sample', () => this.#problemInStretch(sampled))
      if (problem) await auctions.verified(sampled, clock(), clock() + RECHECK_MS, problem)
    }
    while (!signal.aborted) {
      const taken = await auctions.takeUnverified(clock(), LEASE_MS)
      if (!taken) return
      const { auctionId, closed } = taken
      const problem = await this.#check(auctionId, 'whole', () => this.#problemInWhole(taken, signal))
      if (problem || closed) await auctions.verified(auctionId, clock(), clock() + RECHECK_MS, problem)
      else await auctions.unverified(auctionId)
    }
  }

  async #check(auctionId: string, kind: CheckKind, find: () => Promise<LedgerProblem | undefined>) {
    const problem = await find().catch((error: unknown) => problemOf(error))
    this.#parts.checked(kind, problem === undefined)
    if (problem) this.#parts.log.error({ auctionId, ...problem }, 'A ledger does not verify')
    return problem
  }

  async #problemInWhole(
    { auctionId, closed }: { auctionId: string; closed: boolean },
    signal: AbortSignal
  ): Promise<LedgerProblem | undefined> {
    const { house, ledger, auctions, clock } = this.#parts
    const last = await ledger.last(auctionId)
    const bidderKey = (await ledger.first(auctionId))?.bidderKey
    if (!last || bidderKey === undefined) return { sequence: 0, reason: 'it is not there' }
    const { terms, seal } = await house.books.of(auctionId)
    const laidOpen = isLaidOpen(terms, last)
    const verifier = new LedgerVerifier()
    for (let from = 0; from <= last._id.seq;) {
      signal.throwIfAborted()
      const startedAt = performance.now()
      const documents = await ledger.from(auctionId, from, PAGE, PAGE_BYTES)
      const problem = checkStored(documents, from, bidderKey)
      if (problem) return problem
      for (const document of documents)
        if (!(await verifier.add(servedEntry(document, laidOpen, seal)))) return verifier.verdict().problem
      from += documents.length
      await auctions.verifyOn(auctionId, clock() + LEASE_MS)
      await pause((performance.now() - startedAt) * REST, undefined, { signal })
    }
    const verdict = verifier.verdict()
    return (
      verdict.problem ??
      (closed && !verdict.closed ? { sequence: verdict.entries, reason: 'it has lost its end' } : undefined)
    )
  }

  /** The hashes, the chain and the owners of some entries in a row. */
  async #problemInStretch(auctionId: string): Promise<LedgerProblem | undefined> {
    const { ledger } = this.#parts
    const last = await ledger.last(auctionId)
    const bidderKey = (await ledger.first(auctionId))?.bidderKey
    if (!last || bidderKey === undefined) return { sequence: 0, reason: 'it is not there' }
    const latest = Math.max(0, last._id.seq + 1 - PAGE)
    const from = Math.floor(Math.random() * (latest + 1))
    return checkStored(await ledger.from(auctionId, from, PAGE, PAGE_BYTES), from, bidderKey)
  }
}

/** What cannot be read is broken; what the world keeps from being read is looked at another time. */
function problemOf(error: unknown): LedgerProblem {
  const failure = toFailure(error)
  if (failure instanceof Fault) throw failure
  if (failure instanceof Refusal && failure.code !== 'AUCTION_NOT_FOUND') throw failure
  return { sequence: 0, reason: `it cannot be read (${failure.message.slice(0, 200)})` }
}
