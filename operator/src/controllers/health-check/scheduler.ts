/**
 * Runs work by key at times, off the reconcile workers: one run a key at a time, a bounded number of them in all. Due keys beyond the bound
 * wait in the order they came.
 */
export class ProbeScheduler {
  readonly #run: (key: string, signal: AbortSignal) => Promise<void>
  readonly #concurrency: number
  readonly #timers = new Map<string, NodeJS.Timeout>()
  readonly #due = new Set<string>()
  readonly #running = new Map<string, AbortController>()
  /** Due while a run of theirs was under way. */
  readonly #again = new Set<string>()
  #stopped = false

  /** @param run must not throw: whatever it finds is its own to keep. */
  constructor(run: (key: string, signal: AbortSignal) => Promise<void>, options: { concurrency?: number } = {}) {
    this.#run = run
    this.#concurrency = options.concurrency ?? 50
  }

  get running(): number {
    return this.#running.size
  }

  /** Whether the key has a run before it or under way. */
  has(key: string): boolean {
    const running = this.#running.get(key)
    // A run that was ended brings nothing any more.
    return this.#timers.has(key) || this.#due.has(key) || (running !== undefined && !running.signal.aborted)
  }

  /** Plans the next run, in place of one planned before. */
  plan(key: string, delayMs: number): void {
    if (this.#stopped) return
    clearTimeout(this.#timers.get(key))
    const timer = setTimeout(() => {
      this.#timers.delete(key)
      // Never two runs of one key: the later one waits for the earlier.
      if (this.#running.has(key)) this.#again.add(key)
      else this.#due.add(key)
      this.#next()
    }, delayMs)
    timer.unref()
    this.#timers.set(key, timer)
  }

  /** Ends what is planned and what is under way for a key. */
  forget(key: string): void {
    clearTimeout(this.#timers.get(key))
    this.#timers.delete(key)
    this.#due.delete(key)
    this.#again.delete(key)
    this.#running.get(key)?.abort()
  }

  stop(): void {
    this.#stopped = true
    for (const key of [...this.#timers.keys(), ...this.#due, ...this.#running.keys()]) this.forget(key)
  }

  #next(): void {
    for (const key of this.#due) {
      if (this.#running.size >= this.#concurrency) return
      this.#due.delete(key)
      const abort = new AbortController()
      this.#running.set(key, abort)
      void this.#run(key, abort.signal).finally(() => {
        this.#running.delete(key)
        if (this.#again.delete(key)) this.#due.add(key)
        this.#next()
      })
    }
  }
}
