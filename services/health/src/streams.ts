import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { HealthTransition } from '@gavel/contracts/api/health.ts'
import { Fault } from '@gavel/platform/errors.ts'
import type { History } from './store/history.ts'

export interface StreamTerms {
  streamsMax: number
  heartbeatMs: number
  stallMs: number
  pollMs: number
}

const PAGE = 50
/** For what is on its way when a stream is ended. */
const ENDING_MS = 1_000

const frame = (transition: HealthTransition): string => `id: ${transition.id}\ndata: ${JSON.stringify(transition)}\n\n`
/** A comment keeps proxies from closing; the id gives one that has seen nothing yet a place to come back to. */
const placed = (id: string): string => `: here\nid: ${id}\n\n`

/** The streams of a process. Each reads on from its own place in the history, so whoever comes again has missed nothing. */
export class Streams {
  readonly #history: History
  readonly #terms: StreamTerms
  readonly #open = new Set<() => void>()

  constructor(history: History, terms: StreamTerms) {
    this.#history = history
    this.#terms = terms
  }

  /** Transitions after an id, or from now; for as long as the token is good. */
  async open(lastId: string | undefined, expiresInMs: number): Promise<Readable> {
    if (this.#open.size >= this.#terms.streamsMax) throw new Fault('There are too many streams')
    const stopping = new AbortController()
    const end = (): void => {
      stopping.abort()
      setTimeout(() => stream.destroy(), ENDING_MS).unref()
    }
    this.#open.add(end)
    let place: string
    try {
      place = lastId ?? (await this.#history.lastId())
    } catch (error) {
      this.#open.delete(end)
      throw error
    }
    const stream = Readable.from(
      this.#frames(place, stopping.signal, () => stream.destroy()),
      { highWaterMark: 1 }
    )
    const expiry = setTimeout(end, Math.min(2 ** 31 - 1, Math.max(0, expiresInMs)))
    stream.on('error', () => stopping.abort())
    stream.once('close', () => {
      clearTimeout(expiry)
      stopping.abort()
      this.#open.delete(end)
    })
    return stream
  }

  /** Ends all streams in good order: their readers come again, elsewhere. */
  endAll(): void {
    for (const end of this.#open) end()
  }

  async *#frames(from: string, signal: AbortSignal, drop: () => void): AsyncGenerator<string> {
    const { heartbeatMs, stallMs, pollMs } = this.#terms
    let place = from
    let silentMs = 0
    yield `retry: 1000\n\n${placed(place)}`
    while (!signal.aborted) {
      // While the history is away nothing is lost: the place stays, and is read on from afterwards.
      const transitions = await this.#history.after(place, PAGE).catch(() => [])
      for (const transition of transitions) {
        const stall = setTimeout(drop, stallMs)
        try {
          yield frame(transition)
        } finally {
          clearTimeout(stall)
        }
        if (signal.aborted) return
        place = transition.id
        silentMs = 0
      }
      if (transitions.length === PAGE) continue
      await delay(pollMs, undefined, { signal }).catch(() => undefined)
      silentMs += pollMs
      if (signal.aborted || silentMs < heartbeatMs) continue
      silentMs = 0
      yield placed(place)
    }
  }
}
