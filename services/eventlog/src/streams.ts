import { Readable } from 'node:stream'
import { Fault } from '@gavel/platform/errors.ts'
import type { Logger } from '@gavel/platform/log.ts'
import type { EventlogMetrics } from './metrics.ts'
import type { HeadWatch } from './store/head-watch.ts'

export interface StreamTerms {
  streamsMax: number
  heartbeatMs: number
  stallMs: number
}

/** What is said next, and the place a reader has come to when it has it; without one, it stays where it was. */
export interface Frame {
  text: string
  position?: number
}

/** Where frames come from: all that lies behind a position up to another, in order. Read in pages, each when the one before has gone out. */
export interface Source {
  watch: HeadWatch
  framesBetween(after: number, upTo: number): AsyncIterable<Frame>
}

/** For what is on its way when a stream is ended. */
const ENDING_MS = 1_000
/** The longest time-out Node has is 24.8 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** A comment keeps proxies from closing; the id moves a filtered stream's place on although nothing was sent. */
const heartbeat = (position: number): string => `: heartbeat\nid: ${position}\n\n`

type Ending = 'gone' | 'stalled' | 'expired' | 'restarting'

/**
 * The streams of a process. Each is pulled by its reader: the next page is read when the one before has gone out, so a slow reader
 * holds one page and no more, and one that takes nothing for long is let go. History and now are one: pages up to the head,
 * then a wait for the head to move, so there is no seam at which an event could be lost or come twice.
 */
export class Streams {
  readonly #parts: { metrics: EventlogMetrics; terms: StreamTerms }
  readonly #open = new Set<(reason: Ending) => void>()

  constructor(parts: { metrics: EventlogMetrics; terms: StreamTerms }) {
    this.#parts = parts
  }

  /** What comes after `position`, for as long as the token is good. Throws a Fault where there are too many streams. */
  async open(
    position: number,
    source: Source,
    { expiresInMs, log }: { expiresInMs: number; log: Logger }
  ): Promise<Readable> {
    const { metrics, terms } = this.#parts
    if (this.#open.size >= terms.streamsMax) throw new Fault('There are too many streams')
    const stopping = new AbortController()
    let reason: Ending | 'failed' = 'gone'
    const end = (why: Ending): void => {
      reason = why
      stopping.abort()
      // A reader that stalls takes no end either.
      if (why === 'stalled') stream.destroy()
      else setTimeout(() => stream.destroy(), ENDING_MS).unref()
    }
    this.#open.add(end)
    metrics.streamOpened()
    const stream = Readable.from(this.#frames(position, source, stopping.signal, end), { highWaterMark: 1 })
    const expiry = setTimeout(() => end('expired'), Math.min(LONGEST_TIMER_MS, Math.max(0, expiresInMs)))
    stream.on('error', (error) => {
      reason = 'failed'
      log.debug({ error }, 'A stream broke')
    })
    stream.once('close', () => {
      clearTimeout(expiry)
      stopping.abort()
      this.#open.delete(end)
      metrics.streamEnded(reason)
    })
    try {
      await source.watch.look()
    } catch (error) {
      stream.destroy()
      throw error
    }
    return stream
  }

  /** Ends all streams in good order: their readers come again, elsewhere. */
  endAll(): void {
    for (const end of this.#open) end('restarting')
  }

  async *#frames(
    after: number,
    { watch, framesBetween }: Source,
    signal: AbortSignal,
    end: (why: Ending) => void
  ): AsyncGenerator<string> {
    const { terms } = this.#parts
    let position = after
    yield 'retry: 1000\n\n'
    while (!signal.aborted) {
      const head = watch.position
      let sent = false
      if (position < head) {
        for await (const frame of framesBetween(position, head)) {
          const stall = setTimeout(() => end('stalled'), terms.stallMs)
          try {
            yield frame.text
          } finally {
            clearTimeout(stall)
          }
          if (signal.aborted) return
          position = frame.position ?? position
          sent = true
        }
        position = head
      }
      if (signal.aborted) return
      await watch.waitBeyond(position, terms.heartbeatMs, signal)
      if (!signal.aborted && !sent && watch.position <= position) yield heartbeat(position)
    }
  }
}
