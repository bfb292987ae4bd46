import type { Logger } from './log.ts'

/** What must be released at the end, in the order in which work flows: nothing new comes in, what is in hand is finished, then the pools go. */
export type ClosingPhase = 'http' | 'consumers' | 'relays' | 'parts' | 'producers' | 'pools'
const phases: readonly ClosingPhase[] = ['http', 'consumers', 'relays', 'parts', 'producers', 'pools']

interface Closer {
  name: string
  phase: ClosingPhase
  close: () => unknown
}

export class Closers {
  readonly #closers: Closer[] = []
  readonly #log: Logger
  #closing: Promise<boolean> | undefined

  constructor(log: Logger) {
    this.#log = log
  }

  /** Without a phase a part is closed after the relays and before the producers. Within a phase the last one opened goes first. */
  add(name: string, close: () => unknown, phase: ClosingPhase = 'parts'): void {
    this.#closers.push({ name, phase, close })
  }

  /** Closes everything within the time given. True where all of it ended well. A second call waits for the first. */
  async closeAll(timeoutMs: number): Promise<boolean> {
    this.#closing ??= this.#closeAll(timeoutMs)
    return await this.#closing
  }

  async #closeAll(timeoutMs: number): Promise<boolean> {
    const endAt = performance.now() + timeoutMs
    let clean = true
    for (const phase of phases) {
      const closers = this.#closers.filter((closer) => closer.phase === phase).reverse()
      const results = await Promise.all(closers.map(async (closer) => await this.#closeOne(closer, endAt)))
      clean &&= results.every(Boolean)
    }
    return clean
  }

  async #closeOne({ name, close }: Closer, endAt: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('The time to drain is over')), Math.max(0, endAt - performance.now()))
    })
    const closing = (async () => await close())()
    closing.catch(() => undefined)
    try {
      await Promise.race([closing, late])
      this.#log.debug({ part: name }, 'Closed')
      return true
    } catch (error) {
      this.#log.error({ part: name, error }, 'Could not close in good order')
      return false
    } finally {
      clearTimeout(timer)
    }
  }
}
