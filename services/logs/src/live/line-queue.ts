import type { StoredLine } from '../domain/line.ts'

export interface QueueLimits {
  queueLinesMax: number
  queueBytesMax: number
}

/** Lines that wait for one reader. When it is full the oldest go: who reads along wants to see what happens now. */
export class LineQueue {
  readonly #limits: QueueLimits
  readonly #onDropped: () => void
  #lines: StoredLine[] = []
  #bytes = 0
  #dropped = 0

  constructor(limits: QueueLimits, onDropped: () => void = () => undefined) {
    this.#limits = limits
    this.#onDropped = onDropped
  }

  get size(): number {
    return this.#lines.length
  }

  add(line: StoredLine): void {
    this.#lines.push(line)
    this.#bytes += line.text.length
    while (this.#lines.length > this.#limits.queueLinesMax || this.#bytes > this.#limits.queueBytesMax) {
      this.#bytes -= this.#lines.shift()!.text.length
      this.#dropped += 1
      this.#onDropped()
    }
  }

  /** How many went since the last time; they stood before all that wait now. */
  takeDropped(): number {
    const dropped = this.#dropped
    this.#dropped = 0
    return dropped
  }

  take(linesMax: number, bytesMax: number): StoredLine[] {
    let bytes = 0
    let count = 0
    while (count < Math.min(linesMax, this.#lines.length) && (count === 0 || bytes < bytesMax)) {
      bytes += this.#lines[count]!.text.length
      count += 1
    }
    this.#bytes -= bytes
    return this.#lines.splice(0, count)
  }

  clear(): void {
    this.#lines = []
    this.#bytes = 0
    this.#dropped = 0
  }
}
