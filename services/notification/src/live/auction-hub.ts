import { setTimeout as delay } from 'node:timers/promises'
import { Refusal } from '@gavel/platform/errors.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Cancelled, Closed, Decided, Extended, Opened } from '../domain/auction-picture.ts'
import { readPictures } from '../store/auctions.ts'
import type { Collections } from '../store/documents.ts'
import { AuctionFeed, type FeedParts, type Watcher } from './auction-feed.ts'
import type { LiveConnection } from './connection.ts'

/** Feeds without watchers that are remembered, for those who come back after a break. About 70 kB each at the most. */
const idleFeedsMax = 1_000
/** An auction that was just opened may be watched before its event is here. */
const unknownWaitMs = 3_000
const unknownLookMs = 150

export interface HubOptions {
  reconcileMs: number
}

/** Every auction's stream in this process. */
export class AuctionHub {
  /** Least recently heard of first. */
  readonly #feeds = new Map<string, AuctionFeed>()
  readonly #context: ServiceContext
  readonly #collections: Collections
  readonly #parts: FeedParts
  readonly #reconciling: NodeJS.Timeout
  readonly #loading = new Map<string, Promise<void>>()
  #seen = new Map<AuctionFeed, number>()
  #isReconciling = false

  constructor(context: ServiceContext, collections: Collections, parts: FeedParts, { reconcileMs }: HubOptions) {
    this.#context = context
    this.#collections = collections
    this.#parts = parts
    this.#reconciling = setInterval(() => void this.#reconcile(), reconcileMs)
    this.#reconciling.unref()
  }

  opened(data: Opened): void {
    this.#feed(data.auctionId).opened(data)
  }
  decided(data: Decided): void {
    this.#feed(data.auctionId).decided(data)
  }
  closed(data: Closed): void {
    this.#feed(data.auctionId).closed(data)
  }
  cancelled(data: Cancelled): void {
    this.#feed(data.auctionId).cancelled(data)
  }
  extended(data: Extended): void {
    this.#feed(data.auctionId).extended(data)
  }

  #feed(auctionId: string): AuctionFeed {
    const known = this.#feeds.get(auctionId)
    const feed = known ?? new AuctionFeed(auctionId, this.#parts)
    if (known) this.#feeds.delete(auctionId)
    this.#feeds.set(auctionId, feed)
    if (!known && this.#feeds.size > idleFeedsMax) this.#forgetOne()
    return feed
  }

  #forgetOne(): void {
    for (const [auctionId, feed] of this.#feeds) {
      if (feed.watchers > 0) continue
      feed.stop()
      this.#feeds.delete(auctionId)
      return
    }
  }

  /** `isWanted` is asked again after every wait: the reader may have gone. Throws STREAM_UNKNOWN. */
  async watch(
    connection: LiveConnection,
    auctionId: string,
    { afterSequence, isWanted }: { afterSequence: number | undefined; isWanted: () => boolean }
  ): Promise<{ unwatch: () => void } | undefined> {
    const known = this.#feeds.get(auctionId)
    // A watched feed is compared with the store anyway. One who has seen more than this process is answered from the store.
    const isCurrent = known?.isKnown === true && known.watchers > 0 && (afterSequence ?? 0) <= known.sequence
    if (!isCurrent) await this.#load(auctionId)
    if (!isWanted()) return undefined
    const feed = this.#feed(auctionId)
    const watcher: Watcher = feed.watch(connection, afterSequence)
    return { unwatch: () => feed.unwatch(watcher) }
  }

  /** A crowd that comes at once is one look into the store. */
  #load(auctionId: string): Promise<void> {
    const loading = this.#loading.get(auctionId)
    if (loading) return loading
    const started = this.#loadOnce(auctionId).finally(() => this.#loading.delete(auctionId))
    this.#loading.set(auctionId, started)
    return started
  }

  async #loadOnce(auctionId: string): Promise<void> {
    const endAt = performance.now() + unknownWaitMs
    do {
      const [stored] = await readPictures(this.#collections, [auctionId])
      if (stored) this.#feed(auctionId).adopt(stored)
      if (this.#feeds.get(auctionId)?.isKnown) return
      await delay(unknownLookMs, undefined, { signal: this.#context.signal })
    } while (performance.now() < endAt)
    throw new Refusal('STREAM_UNKNOWN')
  }

  /**
   * Events reach this process fast but not surely (it may start late, or be away); the store has them surely but later. A feed that
   * has not moved since the last look and is behind the store missed something.
   */
  async #reconcile(): Promise<void> {
    if (this.#isReconciling) return
    this.#isReconciling = true
    try {
      const watched = [...this.#feeds].filter(([, feed]) => feed.watchers > 0)
      const seen = this.#seen
      this.#seen = new Map(watched.map(([, feed]) => [feed, feed.sequence]))
      const still = watched.filter(([, feed]) => seen.get(feed) === feed.sequence)
      for (let start = 0; start < still.length; start += 500) {
        const pictures = await readPictures(
          this.#collections,
          still.slice(start, start + 500).map(([auctionId]) => auctionId)
        )
        for (const picture of pictures) this.#feeds.get(picture.auctionId)?.adopt(picture)
      }
    } catch (error) {
      this.#context.log.debug({ error }, 'The watched auctions could not be compared with the store')
    } finally {
      this.#isReconciling = false
    }
  }

  stop(): void {
    clearInterval(this.#reconciling)
    for (const feed of this.#feeds.values()) feed.stop()
  }
}
