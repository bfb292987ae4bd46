/** Lines on their way to wherever they are shipped: bounded by count and by bytes, so that an outage there costs no memory here. */

export interface LogBufferLimits {
  linesMax: number
  bytesMax: number
  /** A longer line is cut: the broker takes no message beyond a megabyte. */
  lineBytesMax?: number
}

export interface BufferedLine {
  /** Counts the lines of this process, those left out too, so that a reader can see where some are missing. */
  sequence: number
  text: string
  bytes: number
}

const cutMessageLength = 8192

/** What can be kept of a line that is too long: what it is found by, and the beginning of what it says. */
function cut(text: string, bytes: number): string {
  let line: Record<string, unknown> = {}
  try {
    line = JSON.parse(text) as Record<string, unknown>
  } catch {
    // Not one of ours, or broken: its beginning is all there is.
  }
  const { level, time, service, trace_id, span_id, message } = line
  const beginning = (typeof message === 'string' ? message : text).slice(0, cutMessageLength)
  return JSON.stringify({ level, time, service, trace_id, span_id, message: beginning, cutFromBytes: bytes })
}

/**
 * When it is full the oldest lines go: standard output has them all, and what is wanted from here is what happens now. Lines that were
 * taken count until they are settled, and stand before all others when they come back.
 */
export class LogBuffer {
  readonly #limits: Required<LogBufferLimits>
  readonly #onLine: () => void
  #waiting: (BufferedLine | undefined)[] = []
  #first = 0
  #taken: BufferedLine[] = []
  #bytes = 0
  #sequence = 0
  #dropped = 0

  constructor(limits: LogBufferLimits, onLine: () => void = () => undefined) {
    this.#limits = { lineBytesMax: 256 * 1024, ...limits }
    this.#onLine = onLine
  }

  get lines(): number {
    return this.#waiting.length - this.#first + this.#taken.length
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Lines left out since the beginning. */
  get dropped(): number {
    return this.#dropped
  }

  write(line: string): void {
    const whole = line.endsWith('\n') ? line.slice(0, -1) : line
    const wholeBytes = Buffer.byteLength(whole)
    const text = wholeBytes > this.#limits.lineBytesMax ? cut(whole, wholeBytes) : whole
    const bytes = text === whole ? wholeBytes : Buffer.byteLength(text)
    this.#sequence += 1
    while (this.lines >= this.#limits.linesMax || this.#bytes + bytes > this.#limits.bytesMax) {
      const oldest = this.#shift()
      if (!oldest) {
        // All there is room for is being sent.
        this.#dropped += 1
        return
      }
      this.#bytes -= oldest.bytes
      this.#dropped += 1
    }
    this.#waiting.push({ sequence: this.#sequence, text, bytes })
    this.#bytes += bytes
    this.#onLine()
  }

  /** The next lines to send, oldest first: those that came back, or new ones. */
  take(linesMax: number, bytesMax: number): readonly BufferedLine[] {
    if (this.#taken.length > 0) return this.#taken
    let bytes = 0
    while (this.#taken.length < linesMax && this.#first < this.#waiting.length) {
      const next = this.#waiting[this.#first]!
      if (this.#taken.length > 0 && bytes + next.bytes > bytesMax) break
      bytes += next.bytes
      this.#taken.push(this.#shift()!)
    }
    return this.#taken
  }

  /** What was taken has arrived. Without this call the next `take` gives the same lines again. */
  settle(): void {
    for (const { bytes } of this.#taken) this.#bytes -= bytes
    this.#taken = []
  }

  #shift(): BufferedLine | undefined {
    if (this.#first === this.#waiting.length) return undefined
    const line = this.#waiting[this.#first]
    this.#waiting[this.#first] = undefined
    this.#first += 1
    // Moved together now and then, so that taking one costs no copy of all.
    if (this.#first > 1024 && this.#first * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#first)
      this.#first = 0
    }
    return line
  }
}
