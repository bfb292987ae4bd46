import type { Logger } from '@gavel/platform/log.ts'
import type { TopicDefinition } from '@gavel/contracts/define.ts'
import { Fault, toFailure } from '@gavel/platform/errors.ts'
import { outsideTraces } from '@gavel/platform/telemetry.ts'
import type { OutgoingEvent, Producer } from '@gavel/platform/kafka/producer.ts'
import type { Committed } from '../book/book.ts'
import type { Terms } from '../domain/auction.ts'
import { entryOf, secretsOf, termsOf } from '../ledger/read.ts'
import type { Auctions } from '../store/auctions.ts'
import type { Ledger } from '../store/ledger.ts'
import { Backlog, type FreshEntry } from './backlog.ts'
import { bytesOf, eventsOf } from './events.ts'

export interface PublisherLimits {
  /** A round publishes entries of at most so many auctions and about so many bytes: a request must fit the broker's limit. */
  roundAuctionsMax: number
  roundBytesMax: number
  backlogBytesMax: number
  /** A busy publisher begins a round no sooner than this after the last: fewer, larger requests, and time for bids. */
  roundIntervalMs: number
  retryDelayMs: number
  retryDelayMaxMs: number
}

export interface PublisherMeasures {
  published: (entries: number, oldestAt: number) => void
  failed: () => void
}

export interface PublisherParts {
  ledger: Ledger
  auctions: Auctions
  producer: Producer
  log: Logger
  limits: PublisherLimits
  measures: PublisherMeasures
}

interface Portion {
  auctionId: string
  entries: FreshEntry[]
}

const MARKS_MAX = 20_000

/**
 * Publishes ledgers in the order of their sequence numbers, after the bidders have their answers. Each auction has a
 * mark, the newest entry that the broker has acknowledged; a publisher begins right after it and never leaves one out.
 * So several processes may publish the same entry, but the first time an entry appears all before it have appeared.
 */
export class Publisher {
  readonly #parts: PublisherParts
  readonly #backlog: Backlog
  /** Auctions with entries to publish, in the order in which they came up. Bounded by the auctions there are. */
  readonly #pending = new Set<string>()
  /** Marks this process knows; one that is missing is read. */
  readonly #marks = new Map<string, number>()
  readonly #terms = new Map<string, Terms>()
  #running: Promise<void> | undefined
  #stopped = false
  #wake: () => void = () => undefined

  constructor(parts: PublisherParts) {
    this.#parts = parts
    this.#backlog = new Backlog(parts.limits.backlogBytesMax)
  }

  get pending(): number {
    return this.#pending.size
  }

  /** A new entry is durable. */
  note({ terms, draft }: Committed): void {
    const { document, entry } = draft
    this.#backlog.add({ terms, document, entry, bytes: bytesOf(document, entry) })
    this.#remember(this.#terms, terms.auctionId, terms)
    // Nothing of a new auction can have been published.
    if (entry.sequence === 0) this.#remember(this.#marks, terms.auctionId, -1)
    this.publishSoon(terms.auctionId)
  }

  /** There may be entries beyond the auction's mark. */
  publishSoon(auctionId: string): void {
    this.#pending.add(auctionId)
    if (!this.#stopped) this.#running ??= outsideTraces(() => this.#run())
  }

  /** Ends the round in hand, and tries once to publish what is left. What then remains the next sweep finds. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#wake()
    await this.#running
    while (this.#pending.size > 0 && (await this.#round())) continue
  }

  async #run(): Promise<void> {
    let delayMs = 0
    while (this.#pending.size > 0 && !this.#stopped) {
      const startedAt = performance.now()
      if (await this.#round()) {
        delayMs = 0
        await this.#sleep(Math.max(0, this.#parts.limits.roundIntervalMs - (performance.now() - startedAt)))
      } else {
        delayMs = Math.min(Math.max(delayMs * 2, this.#parts.limits.retryDelayMs), this.#parts.limits.retryDelayMaxMs)
        await this.#sleep(delayMs)
      }
    }
    this.#running = undefined
  }

  async #sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** False where it failed. */
  async #round(): Promise<boolean> {
    const portions: Portion[] = []
    const taken: string[] = []
    try {
      let bytes = 0
      for (const auctionId of this.#pending) {
        if (portions.length >= this.#parts.limits.roundAuctionsMax || bytes >= this.#parts.limits.roundBytesMax) break
        // Taken out first: what is noted from now on puts it in again.
        this.#pending.delete(auctionId)
        taken.push(auctionId)
        const entries = await this.#next(auctionId, this.#parts.limits.roundBytesMax - bytes)
        if (entries.length === 0) continue
        bytes += entries.reduce((sum, fresh) => sum + fresh.bytes, 0)
        portions.push({ auctionId, entries })
      }
      await this.#publish(portions)
    } catch (error) {
      return await this.#afterFailure(error, taken, portions)
    }
    for (const { auctionId } of portions) this.#pending.add(auctionId)
    return true
  }

  async #afterFailure(error: unknown, taken: string[], portions: Portion[]): Promise<boolean> {
    this.#parts.measures.failed()
    if (toFailure(error) instanceof Fault) {
      this.#parts.log.warn({ error }, 'Ledger entries could not be published; they are tried again')
      for (const auctionId of taken) this.#pending.add(auctionId)
      return false
    }
    // A mistake in one auction's entries must not hold up the others. It is tried again when the sweep finds it.
    for (const portion of portions) {
      try {
        await this.#publish([portion])
        this.#pending.add(portion.auctionId)
      } catch (oneError) {
        if (toFailure(oneError) instanceof Fault) this.#pending.add(portion.auctionId)
        else
          this.#parts.log.error(
            { error: oneError, auctionId: portion.auctionId },
            'Entries of this auction cannot be published'
          )
      }
    }
    return portions.length > 0
  }

  async #next(auctionId: string, bytesMax: number): Promise<FreshEntry[]> {
    const known = this.#marks.get(auctionId)
    const fresh = known === undefined ? undefined : this.#backlog.take(auctionId, known + 1, bytesMax)
    if (fresh) return fresh
    // Entries that are not ours are most likely published by the process that appended them: its mark says how far.
    const mark = Math.max(known ?? -1, (await this.#parts.auctions.publishedSeq(auctionId)) ?? -1)
    this.#remember(this.#marks, auctionId, mark)
    const own = this.#backlog.take(auctionId, mark + 1, bytesMax)
    if (own) return own
    const documents = await this.#parts.ledger.from(auctionId, mark + 1, 200, bytesMax)
    if (documents.length === 0) {
      this.#backlog.drop(auctionId, mark)
      return []
    }
    const terms = await this.#termsOf(auctionId)
    return documents.map((document) => {
      const entry = entryOf(document)
      return { terms, document, entry, bytes: bytesOf(document, entry) }
    })
  }

  async #termsOf(auctionId: string): Promise<Terms> {
    const known = this.#terms.get(auctionId)
    if (known) return known
    const first = await this.#parts.ledger.first(auctionId)
    const shown = first && entryOf(first).terms
    if (!first || !shown) throw new Error(`The ledger of ${auctionId} has no first entry`)
    const terms = termsOf(auctionId, shown, secretsOf(first).reservePriceMinor)
    this.#remember(this.#terms, auctionId, terms)
    return terms
  }

  async #publish(portions: Portion[]): Promise<void> {
    if (portions.length === 0) return
    const byTopic = new Map<TopicDefinition, OutgoingEvent[]>()
    for (const { entries } of portions) {
      for (const { terms, document, entry } of entries) {
        for (const { topic, event } of eventsOf(terms, document, entry)) {
          const known = byTopic.get(topic)
          if (known) known.push(event)
          else byTopic.set(topic, [event])
        }
      }
    }
    await Promise.all([...byTopic].map(async ([topic, events]) => await this.#parts.producer.publish(topic, events)))
    await this.#mark(portions)
  }

  async #mark(portions: Portion[]): Promise<void> {
    const marks = portions.flatMap(({ auctionId, entries }) => {
      const last = entries.at(-1)
      return last ? [{ auctionId, seq: last.entry.sequence, isLast: last.entry.standing.closed }] : []
    })
    await this.#parts.auctions.published(marks)
    for (const { auctionId, seq, isLast } of marks) {
      this.#backlog.drop(auctionId, seq)
      if (isLast) this.#marks.delete(auctionId)
      else this.#remember(this.#marks, auctionId, seq)
    }
    const oldest = Math.min(...portions.map(({ entries }) => entries[0]?.entry.at ?? Infinity))
    this.#parts.measures.published(
      portions.reduce((sum, { entries }) => sum + entries.length, 0),
      oldest
    )
  }

  #remember<Value>(memory: Map<string, Value>, auctionId: string, value: Value): void {
    if (memory.size >= MARKS_MAX) memory.clear()
    memory.set(auctionId, value)
  }
}
