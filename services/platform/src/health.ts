/** The parts a process stands on, by name. */

export interface PartHealth {
  status: 'up' | 'down'
  error?: string
}

export interface Readiness {
  status: 'ready' | 'not-ready'
  parts: Record<string, PartHealth>
}

export interface HealthOptions {
  /**
   * False where the process does its duty without this part for a while: it is shown as down, yet the process stays ready.
   * Kafka is such a part wherever an outbox or a ledger holds the events meanwhile.
   */
  critical?: boolean
  timeoutMs?: number
}

interface Part {
  check: () => Promise<void> | void
  critical: boolean
  timeoutMs: number
}

/** Answers are kept for this long, so that many probes cost the backends one. */
const FRESH_MS = 1000

export class HealthChecks {
  readonly #parts = new Map<string, Part>()
  #draining = false
  #latest: { at: number; answer: Promise<Readiness> } | undefined

  /** `check` throws, or takes longer than its time-out, where the part is down. */
  add(name: string, check: () => Promise<void> | void, options: HealthOptions = {}): void {
    this.#parts.set(name, { check, critical: options.critical ?? true, timeoutMs: options.timeoutMs ?? 2000 })
    this.#latest = undefined
  }

  /** From now on not ready, whatever the parts say. */
  drain(): void {
    this.#draining = true
    this.#latest = undefined
  }

  get draining(): boolean {
    return this.#draining
  }

  async read(): Promise<Readiness> {
    const now = performance.now()
    if (this.#latest && now - this.#latest.at < FRESH_MS) return await this.#latest.answer
    const answer = this.#readNow()
    this.#latest = { at: now, answer }
    return await answer
  }

  async #readNow(): Promise<Readiness> {
    let ready = !this.#draining
    const parts: Record<string, PartHealth> = {}
    await Promise.all(
      [...this.#parts].map(async ([name, part]) => {
        parts[name] = { status: 'up' }
        const error = await failureOf(part)
        if (error === undefined) return
        parts[name] = { status: 'down', error }
        if (part.critical) ready = false
      })
    )
    return { status: ready ? 'ready' : 'not-ready', parts }
  }
}

async function failureOf(part: Part): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${part.timeoutMs} ms`)), part.timeoutMs)
  })
  try {
    await Promise.race([(async () => await part.check())(), late])
    return undefined
  } catch (error) {
    // Drivers put addresses and sometimes credentials into messages; the kind is enough for a public page.
    const { code, name, message } = error as NodeJS.ErrnoException
    return String(code ?? (name === 'Error' ? message : name)).slice(0, 120)
  } finally {
    clearTimeout(timer)
  }
}
