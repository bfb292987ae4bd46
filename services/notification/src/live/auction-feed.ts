import type { LiveAuctionEvent } from '@gavel/contracts/api/web-socket.ts'
import {
  afterCancelled,
  afterClosed,
  afterDecided,
  afterExtended,
  afterOpened,
  decidedEventOf,
  liveAuctionOf,
  newerOf,
  quietEventOf,
  unknownAuction,
  type AuctionPicture,
  type Cancelled,
  type Closed,
  type Decided,
  type Extended,
  type Opened
} from '../domain/auction-picture.ts'
import { derivedPseudonym } from '../domain/pseudonym.ts'
import { frameOf, type Following, type Laggards, type LiveConnection } from './connection.ts'

/** Events kept for readers that come back after a break. */
const keptEventsMax = 64

/**
 * Sending to one watcher costs some 20 µs of this process. A crowd is served in slices, so that other work gets its turn, and takes
 * at most a quarter of the time: entries that come faster are told to it by one snapshot.
 */
const sliceWatchers = 250
const restPerWork = 3

interface Kept {
  sequence: number
  name: 'BidsDecided' | 'AuctionExtended' | 'AuctionClosed' | 'AuctionCancelled'
  data: LiveAuctionEvent
  frame?: Buffer
}

interface Saying {
  frame: Buffer
  sequence: number
  /** The frame is an event; otherwise a snapshot. */
  isOne: boolean
  /** When the first of what it says came to be said. */
  since: number
}

export interface FeedParts {
  laggards: Laggards
  clock: () => number
  /** So many watchers were sent a frame, and so long it took from what it says to the last of them. */
  onFrames: (kind: 'event' | 'snapshot', count: number, tookMs: number) => void
}

/** Who watches an auction, and the last sequence each was sent. */
export interface Watcher extends Following {
  sequence: number
}

/** One auction's stream in this process: where it stands, its last events, and its watchers. */
export class AuctionFeed {
  readonly stream: string
  readonly #parts: FeedParts
  readonly #watchers = new Set<Watcher>()
  #picture: AuctionPicture
  /** Contiguous, up to the picture's sequence; the first follows `#keptAfter`. */
  #kept: Kept[] = []
  #keptAfter: number
  #pending: Kept[] = []
  #pendingSince: number | undefined
  #pendingJump = false
  /** Saying something, or resting from it. */
  #isBusy = false
  #resting: NodeJS.Timeout | NodeJS.Immediate | undefined

  constructor(auctionId: string, parts: FeedParts) {
    this.stream = `auction:${auctionId}`
    this.#parts = parts
    this.#picture = unknownAuction(auctionId)
    this.#keptAfter = this.#picture.sequence
  }

  get sequence(): number {
    return this.#picture.sequence
  }
  get watchers(): number {
    return this.#watchers.size
  }
  /** Its terms are known, so it can be shown. */
  get isKnown(): boolean {
    return this.#picture.terms !== undefined
  }

  opened(data: Opened): void {
    const first = this.#picture.sequence < 0
    this.#picture = afterOpened(this.#picture, data)
    if (first) this.#restartAt(this.#picture.sequence)
  }

  decided(data: Decided): void {
    this.#advance(afterDecided(this.#picture, data, derivedPseudonym), (state) => ({
      sequence: data.sequence,
      name: 'BidsDecided',
      data: decidedEventOf(state, data, derivedPseudonym)
    }))
  }

  closed(data: Closed): void {
    const next = afterClosed(this.#picture, data, derivedPseudonym)
    this.#quiet(next, 'AuctionClosed', data.sequence, data.closedAt)
  }

  cancelled(data: Cancelled): void {
    this.#quiet(afterCancelled(this.#picture, data), 'AuctionCancelled', data.sequence, data.cancelledAt)
  }

  extended(data: Extended): void {
    this.#quiet(afterExtended(this.#picture, data), 'AuctionExtended', data.sequence, data.extendedAt)
  }

  #quiet(next: AuctionPicture, name: Kept['name'], sequence: number, at: number): void {
    this.#advance(next, (state) => ({ sequence, name, data: quietEventOf(state, at) }))
  }

  /** What the store knows may be newer: events can be missed by a process that just started or lost its connection. */
  adopt(stored: AuctionPicture): void {
    const before = this.#picture.sequence
    this.#picture = newerOf(this.#picture, stored)
    if (this.#picture.sequence === before) return
    this.#restartAt(this.#picture.sequence)
    this.#announce(undefined)
  }

  #restartAt(sequence: number): void {
    this.#kept = []
    this.#keptAfter = sequence
  }

  #advance(next: AuctionPicture, keptOf: (state: LiveAuctionEvent['state']) => Kept): void {
    const before = this.#picture.sequence
    this.#picture = next
    if (next.sequence <= before) return
    const state = liveAuctionOf(next, this.#parts.clock())
    if (next.sequence !== before + 1 || !state) {
      this.#restartAt(next.sequence)
      this.#announce(undefined)
      return
    }
    const kept = keptOf(state)
    this.#kept.push(kept)
    if (this.#kept.length > keptEventsMax) this.#keptAfter = this.#kept.shift()!.sequence
    this.#announce(kept)
  }

  #announce(kept: Kept | undefined): void {
    if (this.#watchers.size === 0) return
    this.#pendingSince ??= performance.now()
    if (kept) this.#pending.push(kept)
    else this.#pendingJump = true
    if (!this.#isBusy) this.#flush()
  }

  /** Says what is pending to all watchers, and rests as the crowd demands. */
  #flush(): void {
    const [only, ...more] = this.#pending
    const isOne = only !== undefined && more.length === 0 && !this.#pendingJump
    this.#pending = []
    this.#pendingJump = false
    const since = this.#pendingSince ?? performance.now()
    this.#pendingSince = undefined
    const frame = isOne ? this.#eventFrame(only) : this.#snapshotFrame()
    if (!frame) return
    const saying = { frame, sequence: this.sequence, isOne, since }
    this.#isBusy = true
    this.#slice(this.#watchers.values(), saying, { sent: 0, workMs: 0 })
  }

  #slice(watchers: Iterator<Watcher>, saying: Saying, done: { sent: number; workMs: number }): void {
    const startedAt = performance.now()
    for (let count = 0; count < sliceWatchers; count++) {
      const { value: watcher, done: isLast } = watchers.next()
      if (isLast || !watcher)
        return this.#rest(saying, { ...done, workMs: done.workMs + performance.now() - startedAt })
      if (this.#say(watcher, saying)) done.sent++
    }
    done.workMs += performance.now() - startedAt
    this.#resting = setImmediate(() => this.#slice(watchers, saying, done))
  }

  #say(watcher: Watcher, { frame, sequence, isOne }: Saying): boolean {
    // A reader that came a moment ago, or came back with more than this process had, gets what follows that.
    if (watcher.sequence >= sequence || this.#parts.laggards.has(watcher)) return false
    if (watcher.connection.isFull) {
      this.#parts.laggards.add(watcher)
      return false
    }
    // An event follows exactly the one before it; whoever has not got that one needs the whole.
    if (isOne && watcher.sequence !== sequence - 1) this.#snapshot(watcher)
    else {
      watcher.connection.send(frame)
      watcher.sequence = sequence
    }
    return true
  }

  #rest({ isOne, since }: Saying, { sent, workMs }: { sent: number; workMs: number }): void {
    this.#parts.onFrames(isOne ? 'event' : 'snapshot', sent, performance.now() - since)
    const goOn = (): void => {
      this.#isBusy = false
      if (this.#pending.length > 0 || this.#pendingJump) this.#flush()
    }
    if (this.#watchers.size <= sliceWatchers) goOn()
    else this.#resting = setTimeout(goOn, workMs * restPerWork)
  }

  #eventFrame(kept: Kept): Buffer {
    const { sequence, name, data } = kept
    return (kept.frame ??= frameOf({ type: 'event', stream: this.stream, sequence, name, data }))
  }

  #snapshotFrame(): Buffer | undefined {
    const state = liveAuctionOf(this.#picture, this.#parts.clock())
    return state && frameOf({ type: 'snapshot', stream: this.stream, sequence: this.sequence, state })
  }

  #snapshot(watcher: Watcher): void {
    const frame = this.#snapshotFrame()
    if (!frame) return
    watcher.connection.send(frame)
    watcher.sequence = this.sequence
  }

  /** Begins with what followed `afterSequence`, where that is still kept, and otherwise with a snapshot. */
  watch(connection: LiveConnection, afterSequence: number | undefined): Watcher {
    const watcher: Watcher = { connection, sequence: afterSequence ?? -1, catchUp: () => this.#snapshot(watcher) }
    this.#watchers.add(watcher)
    const canResume = afterSequence !== undefined && afterSequence >= this.#keptAfter && afterSequence <= this.sequence
    if (!canResume) {
      this.#snapshot(watcher)
      return watcher
    }
    for (const kept of this.#kept) {
      if (kept.sequence <= watcher.sequence) continue
      connection.send(this.#eventFrame(kept))
      watcher.sequence = kept.sequence
    }
    return watcher
  }

  unwatch(watcher: Watcher): void {
    this.#watchers.delete(watcher)
    this.#parts.laggards.delete(watcher)
  }

  stop(): void {
    clearTimeout(this.#resting as NodeJS.Timeout | undefined)
    clearImmediate(this.#resting as NodeJS.Immediate | undefined)
  }
}
