import type { WebSocket } from 'ws'
import { closeCodes } from '@gavel/platform/http/web-socket.ts'

export interface SendLimits {
  /** Bytes that may wait for one reader; beyond them it gets the newest state instead of every step. */
  bufferBytesMax: number
  /** How long a reader may stay behind before it is cut off. */
  behindMsMax: number
}

/** A frame made once and sent to many. */
export const frameOf = (frame: unknown): Buffer => Buffer.from(JSON.stringify(frame))

/** One reader. Nothing is queued here beyond its socket's own bounded buffer. */
export class LiveConnection {
  readonly userId: string | undefined
  readonly #socket: WebSocket
  readonly #limits: SendLimits

  constructor(socket: WebSocket, userId: string | undefined, limits: SendLimits) {
    this.#socket = socket
    this.userId = userId
    this.#limits = limits
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN
  }

  /** Ask before sending what can be left out; what cannot is small and sent anyway. */
  get isFull(): boolean {
    return this.#socket.bufferedAmount > this.#limits.bufferBytesMax
  }

  get isDrained(): boolean {
    return this.#socket.bufferedAmount <= this.#limits.bufferBytesMax / 4
  }

  send(frame: Buffer): void {
    if (this.isOpen) this.#socket.send(frame, { binary: false })
  }

  cutOff(): void {
    this.#socket.close(closeCodes.tooSlow, 'reads too slowly')
    // A reader that reads nothing never sees the close frame either.
    setTimeout(() => this.#socket.terminate(), 2_000).unref()
  }
}

/** A stream that one reader follows. */
export interface Following {
  readonly connection: LiveConnection
  /** Brings the reader up to date after it was left behind. */
  catchUp(): void
}

/** Readers whose buffer is full. Each is brought up to date once it has drained, or cut off when it takes too long. */
export class Laggards {
  readonly #behind = new Map<Following, number>()
  readonly #timer: NodeJS.Timeout
  readonly #limits: SendLimits
  readonly #onSlow: (outcome: 'coalesced' | 'closed') => void

  constructor(limits: SendLimits, onSlow: (outcome: 'coalesced' | 'closed') => void) {
    this.#limits = limits
    this.#onSlow = onSlow
    this.#timer = setInterval(() => this.#look(), 100)
    this.#timer.unref()
  }

  get size(): number {
    return this.#behind.size
  }

  has(following: Following): boolean {
    return this.#behind.has(following)
  }

  add(following: Following): void {
    if (this.#behind.has(following)) return
    this.#behind.set(following, performance.now())
    this.#onSlow('coalesced')
  }

  delete(following: Following): void {
    this.#behind.delete(following)
  }

  #look(): void {
    const now = performance.now()
    for (const [following, since] of this.#behind) {
      const { connection } = following
      if (connection.isDrained) {
        this.#behind.delete(following)
        following.catchUp()
      } else if (now - since > this.#limits.behindMsMax) {
        this.#behind.delete(following)
        this.#onSlow('closed')
        connection.cutOff()
      }
    }
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
