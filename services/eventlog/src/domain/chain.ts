import { createHash } from 'node:crypto'
import type { RecordedEvent } from '@gavel/contracts/api/eventlog.ts'
import { canonicalize } from './canonical.ts'

/** The log as a chain: each event carries the hash of the one before it, so that nothing can be changed, left out or put between. */

/** Where the log ends. */
export interface Head {
  position: number
  hash: string
  recordedAt: number
}

/** What an event is before it has a place in the log. */
export type Unrecorded = Omit<RecordedEvent, 'position' | 'recordedAt' | 'previousHash' | 'hash'>

export const GENESIS_HASH = '0'.repeat(64)

export const hashOf = (event: Omit<RecordedEvent, 'hash'>): string => {
  const { hash: _hash, ...hashed } = event as RecordedEvent
  return createHash('sha256').update(canonicalize(hashed)).digest('hex')
}

/** Gives events the places behind the head, in their order. The time of recording never goes back, whatever the clock does. */
export function appendToChain(head: Head, events: readonly Unrecorded[], now: number): RecordedEvent[] {
  const recordedAt = Math.max(now, head.recordedAt)
  let { position, hash: previousHash } = head
  return events.map((event) => {
    const unhashed = { ...event, position: (position += 1), recordedAt, previousHash }
    previousHash = hashOf(unhashed)
    return { ...unhashed, hash: previousHash }
  })
}

export interface Break {
  position: number
  /** `missing`: no event is there. `altered`: it is not what its hash was made of. `unlinked`: it does not follow the one before it. */
  reason: 'missing' | 'altered' | 'unlinked'
}

/**
 * Walks a chain in pieces. `previous` is the event before the first one walked; at the beginning of the log it is the genesis.
 * Stops at the first break.
 */
export class ChainWalk {
  #position: number
  #hash: string
  #broken: Break | undefined

  constructor(previous: { position: number; hash: string }) {
    this.#position = previous.position
    this.#hash = previous.hash
  }

  get broken(): Break | undefined {
    return this.#broken
  }

  /** The last event that was found right. */
  get last(): { position: number; hash: string } {
    return { position: this.#position, hash: this.#hash }
  }

  walk(events: readonly RecordedEvent[]): void {
    for (const event of events) {
      if (this.#broken) return
      const reason = this.#reasonAgainst(event)
      if (reason) this.#broken = { position: reason === 'missing' ? this.#position + 1 : event.position, reason }
      else {
        this.#position = event.position
        this.#hash = event.hash
      }
    }
  }

  /** Says that nothing follows although `upTo` was to be reached. */
  end(upTo: number): void {
    if (!this.#broken && this.#position < upTo) this.#broken = { position: this.#position + 1, reason: 'missing' }
  }

  #reasonAgainst(event: RecordedEvent): Break['reason'] | undefined {
    if (event.position !== this.#position + 1) return event.position > this.#position ? 'missing' : 'unlinked'
    if (hashOf(event) !== event.hash) return 'altered'
    return event.previousHash === this.#hash ? undefined : 'unlinked'
  }
}
