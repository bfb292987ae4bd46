import type { WebSocket } from 'ws'
import type { FollowLogsFrame, LogTraceFrame } from '@gavel/contracts/api/logs.ts'
import { closeCodes } from '@gavel/platform/http/web-socket.ts'
import { fits, readyFilterOf, type ReadyFilter } from '../domain/filter.ts'
import { logLineOf, type StoredLine } from '../domain/line.ts'
import { LineQueue, type QueueLimits } from './line-queue.ts'

export interface TraceLimits extends QueueLimits {
  /** Bytes handed to the socket before the rest waits here. */
  bufferBytesMax: number
  /** How long a reader may take nothing at all before it is cut off. */
  stallMs: number
}

/** Where a trace has its lines from. */
export interface LineSource {
  /** Resolves once every line stored from now on will be heard. */
  listening(): Promise<void>
  /** Newest first. */
  newest(filter: ReadyFilter, count: number): Promise<StoredLine[]>
}

export interface TraceParts {
  source: LineSource
  limits: TraceLimits
  onDropped: () => void
}

const frameLinesMax = 100
const frameBytesMax = 64 * 1024
const historyDefault = 100

interface Following {
  id: { followId?: string }
  filter: ReadyFilter
  /** Lines heard while the history is read; undefined once that is told. */
  heard: LineQueue | undefined
}

/** One reader of the live trace: its filter, and the lines that wait for it. */
export class Trace {
  readonly #socket: WebSocket
  readonly #parts: TraceParts
  readonly #queue: LineQueue
  #following: Following | undefined
  #isScheduled = false
  #stall: NodeJS.Timeout | undefined

  constructor(socket: WebSocket, parts: TraceParts) {
    this.#socket = socket
    this.#parts = parts
    this.#queue = new LineQueue(parts.limits, parts.onDropped)
  }

  /** Called for every line that is stored, by whichever process. */
  hear(line: StoredLine): void {
    const following = this.#following
    if (!following || !fits(following.filter, line)) return
    if (following.heard) following.heard.add(line)
    else {
      this.#queue.add(line)
      this.#schedule()
    }
  }

  /** This process was cut off from the store and does not know what it missed. */
  missed(): void {
    this.#send({ type: 'gap' })
  }

  /**
   * From now on this filter. What comes is collected first and the history is read then, so that a line is in one of the two at least;
   * those in both are told once.
   */
  async follow({ filter, followId, history = historyDefault }: FollowLogsFrame): Promise<void> {
    const { source, limits, onDropped } = this.#parts
    const heard = new LineQueue(limits, onDropped)
    const id = followId === undefined ? {} : { followId }
    const following: Following = { id, filter: readyFilterOf(filter), heard }
    this.#following = following
    this.#queue.clear()
    this.#send({ type: 'following', ...id, filter })
    await source.listening()
    const past = history === 0 ? [] : (await source.newest(following.filter, history)).toReversed()
    // Another filter came meanwhile.
    if (this.#following !== following) return
    for (let start = 0; start < past.length; start += frameLinesMax) {
      this.#send({ type: 'lines', ...id, lines: past.slice(start, start + frameLinesMax).map(logLineOf) })
    }
    this.#send({ type: 'live', ...id })
    this.#tellDropped(heard.takeDropped(), following)
    const told = new Set(past.map((line) => line.id))
    for (const line of heard.take(Infinity, Infinity)) if (!told.has(line.id)) this.#queue.add(line)
    following.heard = undefined
    this.#schedule()
  }

  close(): void {
    this.#following = undefined
    this.#queue.clear()
    clearTimeout(this.#stall)
  }

  /** What is stored in one turn of the event loop goes out in one frame. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#flush()
    })
  }

  /** Hands the socket as much as it may hold; what it sends makes room for more. */
  #flush(): void {
    const following = this.#following
    if (!following || following.heard) return
    const { bufferBytesMax } = this.#parts.limits
    while (this.#queue.size > 0 && this.#socket.bufferedAmount < bufferBytesMax) {
      this.#tellDropped(this.#queue.takeDropped(), following)
      const lines = this.#queue.take(frameLinesMax, frameBytesMax).map(logLineOf)
      this.#send({ type: 'lines', ...following.id, lines }, () => this.#onSent())
    }
    if (this.#queue.size > 0) this.#watchStall()
  }

  #onSent(): void {
    clearTimeout(this.#stall)
    this.#stall = undefined
    this.#schedule()
  }

  #watchStall(): void {
    this.#stall ??= setTimeout(() => {
      this.#socket.close(closeCodes.tooSlow, 'reads too slowly')
      // A reader that reads nothing never sees the close frame either.
      setTimeout(() => this.#socket.terminate(), 2_000).unref()
    }, this.#parts.limits.stallMs).unref()
  }

  #tellDropped(count: number, { id }: Following): void {
    if (count === 0) return
    this.#send({ type: 'dropped', ...id, count })
  }

  #send(frame: LogTraceFrame, onSent: () => void = () => undefined): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(frame), onSent)
  }
}
