/**
 * A work queue of keys in which a key waits at most once and is worked on by at most one worker. A key added while it is being worked on
 * comes back afterwards, so no change is missed. Failures return with exponential back-off and jitter; a token bucket bounds how fast
 * retries come in all.
 */
export interface QueueOptions {
  /** First delay after a failure. */
  backOffMs: number
  /** No failure waits longer. */
  backOffMaxMs: number
  /** Retries a second over all keys, and how many at once. */
  retriesPerSecond: number
  retryBurst: number
  now: () => number
  random: () => number
}

const defaults: QueueOptions = {
  backOffMs: 50,
  backOffMaxMs: 300_000,
  retriesPerSecond: 50,
  retryBurst: 200,
  now: () => performance.now(),
  random: Math.random
}

export interface QueueObserver {
  added(): void
  retried(): void
  /** Milliseconds a key waited before a worker took it. */
  waited(ms: number): void
  /** Milliseconds a worker held a key. */
  worked(ms: number): void
}

export class WorkQueue {
  readonly #options: QueueOptions
  readonly #ready: string[] = []
  readonly #dirty = new Map<string, number>()
  readonly #processing = new Map<string, number>()
  readonly #failures = new Map<string, number>()
  readonly #timers = new Map<string, { timer: NodeJS.Timeout; at: number }>()
  readonly #waiting: ((key: string | undefined) => void)[] = []
  #observer: QueueObserver | undefined
  #tokens: number
  #tokensAt: number
  #closed = false

  constructor(options: Partial<QueueOptions> = {}) {
    this.#options = { ...defaults, ...options }
    this.#tokens = this.#options.retryBurst
    this.#tokensAt = this.#options.now()
  }

  observe(observer: QueueObserver): void {
    this.#observer = observer
  }

  /** Keys that wait, not counting those delayed. */
  get depth(): number {
    return this.#ready.length
  }

  get processing(): number {
    return this.#processing.size
  }

  /** Age of the longest running piece of work in milliseconds, 0 when idle: a stuck worker shows here. */
  get longestWorkMs(): number {
    const started = Math.min(...this.#processing.values())
    return Number.isFinite(started) ? this.#options.now() - started : 0
  }

  add(key: string): void {
    if (this.#closed || this.#dirty.has(key)) return
    this.#cancelTimer(key)
    this.#dirty.set(key, this.#options.now())
    this.#observer?.added()
    if (!this.#processing.has(key)) this.#offer(key)
  }

  /** Adds the key after a delay; the earliest of several delays wins. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed || this.#dirty.has(key)) return
    if (delayMs <= 0) return this.add(key)
    const at = this.#options.now() + delayMs
    const pending = this.#timers.get(key)
    if (pending && pending.at <= at) return
    this.#cancelTimer(key)
    // A timer holds at most 2^31-1 ms; a longer wait is cut short, which costs one idle reconcile.
    const timer = setTimeout(
      () => {
        this.#timers.delete(key)
        this.add(key)
      },
      Math.min(delayMs, 2_147_483_647)
    )
    timer.unref()
    this.#timers.set(key, { timer, at })
  }

  /** Adds the key after its back-off: doubled with each failure since {@link forget}, with jitter, bounded. Returns the delay. */
  addRateLimited(key: string, atLeastMs = 0): number {
    const failures = this.#failures.get(key) ?? 0
    this.#failures.set(key, failures + 1)
    this.#observer?.retried()
    const { backOffMs, backOffMaxMs, random } = this.#options
    const exponential = Math.min(backOffMs * 2 ** Math.min(failures, 40), backOffMaxMs)
    const delay = Math.max(exponential * (0.5 + random() / 2), this.#takeToken(), atLeastMs)
    this.addAfter(key, delay)
    return delay
  }

  /** Ends a key's back-off after a success. */
  forget(key: string): void {
    this.#failures.delete(key)
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0
  }

  /** Waits for a key; `undefined` once the queue is closed. Every key taken must be given back with {@link done}. */
  take(): Promise<string | undefined> {
    const key = this.#ready.shift()
    if (key !== undefined) return Promise.resolve(this.#begin(key))
    if (this.#closed) return Promise.resolve(undefined)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  done(key: string): void {
    const started = this.#processing.get(key)
    if (started === undefined) throw new Error(`${key} was not being worked on`)
    this.#processing.delete(key)
    this.#observer?.worked(this.#options.now() - started)
    if (this.#dirty.has(key) && !this.#closed) this.#offer(key)
  }

  /** Takes no more keys in and wakes the workers; work in hand goes on. */
  close(): void {
    this.#closed = true
    for (const { timer } of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
    this.#ready.length = 0
    for (const resolve of this.#waiting.splice(0)) resolve(undefined)
  }

  #offer(key: string): void {
    const resolve = this.#waiting.shift()
    if (resolve) resolve(this.#begin(key))
    else this.#ready.push(key)
  }

  #begin(key: string): string {
    const now = this.#options.now()
    this.#observer?.waited(now - (this.#dirty.get(key) ?? now))
    this.#dirty.delete(key)
    this.#processing.set(key, now)
    return key
  }

  /** Milliseconds until the token bucket lets one more retry through. */
  #takeToken(): number {
    const { now, retriesPerSecond, retryBurst } = this.#options
    const at = now()
    this.#tokens = Math.min(retryBurst, this.#tokens + ((at - this.#tokensAt) / 1000) * retriesPerSecond)
    this.#tokensAt = at
    this.#tokens -= 1
    return this.#tokens >= 0 ? 0 : (-this.#tokens / retriesPerSecond) * 1000
  }

  #cancelTimer(key: string): void {
    const pending = this.#timers.get(key)
    if (!pending) return
    clearTimeout(pending.timer)
    this.#timers.delete(key)
  }
}
