import type { Terms } from '../domain/auction.ts'
import type { LedgerDocument } from '../ledger/entry.ts'
import type { PublicEntry } from '../ledger/form.ts'

export interface FreshEntry {
  terms: Terms
  document: LedgerDocument
  entry: PublicEntry
  bytes: number
}

/**
 * Entries that this process has just appended, so that publishing them needs no reading. Only a shortcut: beyond the
 * limit an auction's are forgotten and read from the ledger again.
 */
export class Backlog {
  readonly #bytesMax: number
  readonly #entries = new Map<string, FreshEntry[]>()
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  add(fresh: FreshEntry): void {
    const { auctionId } = fresh.terms
    const known = this.#entries.get(auctionId)
    // A gap means that another process appended in between: what is older must come from the ledger anyway.
    const follows = known?.at(-1)?.entry.sequence === fresh.entry.sequence - 1
    if (!follows) this.forget(auctionId)
    if (this.#bytes + fresh.bytes > this.#bytesMax) {
      this.forget(auctionId)
      return
    }
    this.#bytes += fresh.bytes
    if (known && follows) known.push(fresh)
    else this.#entries.set(auctionId, [fresh])
  }

  /** The entries from `sequence` on without a gap, up to about `bytesMax`; undefined where they must be read. */
  take(auctionId: string, sequence: number, bytesMax: number): FreshEntry[] | undefined {
    const known = this.#entries.get(auctionId)
    const first = known?.[0]
    if (!known || !first) return undefined
    const skip = sequence - first.entry.sequence
    if (skip < 0 || skip >= known.length) return undefined
    const taken: FreshEntry[] = []
    let bytes = 0
    for (let index = skip; index < known.length && (bytes < bytesMax || taken.length === 0); index += 1) {
      const fresh = known[index]
      if (!fresh) break
      taken.push(fresh)
      bytes += fresh.bytes
    }
    return taken
  }

  /** Published: no longer needed. */
  drop(auctionId: string, upTo: number): void {
    const known = this.#entries.get(auctionId)
    if (!known) return
    const kept = known.filter((fresh) => fresh.entry.sequence > upTo)
    for (const fresh of known) if (fresh.entry.sequence <= upTo) this.#bytes -= fresh.bytes
    if (kept.length === 0) this.#entries.delete(auctionId)
    else this.#entries.set(auctionId, kept)
  }

  forget(auctionId: string): void {
    for (const fresh of this.#entries.get(auctionId) ?? []) this.#bytes -= fresh.bytes
    this.#entries.delete(auctionId)
  }
}
