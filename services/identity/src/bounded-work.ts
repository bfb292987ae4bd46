import { Refusal } from '@gavel/platform/errors.ts'

/** What cannot start because too much waits already. The caller is told to come back. */
const tooMuch = (): Refusal => new Refusal('RATE_LIMITED', { retryAfterMs: 1_000 })

/** Runs at most `runningMax` tasks at once and lets at most `waitingMax` wait, first come, first served. */
export class BoundedWork {
  readonly #runningMax: number
  readonly #waitingMax: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(options: { runningMax: number; waitingMax: number }) {
    this.#runningMax = options.runningMax
    this.#waitingMax = options.waitingMax
  }

  get waiting(): number {
    return this.#waiting.length
  }

  async run<Result>(task: () => Promise<Result>): Promise<Result> {
    if (this.#running >= this.#runningMax) {
      if (this.#waiting.length >= this.#waitingMax) throw tooMuch()
      // The place is handed over by the one who leaves it, so that nobody slips in between.
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    } else {
      this.#running += 1
    }
    try {
      return await task()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running -= 1
    }
  }
}

/** One task at a time for each key, and at most `waitingMax` waiting for one key. A key without tasks takes no memory. */
export class WorkByKey {
  readonly #waitingMax: number
  readonly #byKey = new Map<string, BoundedWork>()
  readonly #users = new Map<string, number>()

  constructor(options: { waitingMax: number }) {
    this.#waitingMax = options.waitingMax
  }

  get keys(): number {
    return this.#byKey.size
  }

  async run<Result>(key: string, task: () => Promise<Result>): Promise<Result> {
    const work = this.#byKey.get(key) ?? new BoundedWork({ runningMax: 1, waitingMax: this.#waitingMax })
    this.#byKey.set(key, work)
    this.#users.set(key, (this.#users.get(key) ?? 0) + 1)
    try {
      return await work.run(task)
    } finally {
      const users = (this.#users.get(key) ?? 1) - 1
      if (users === 0) {
        this.#users.delete(key)
        this.#byKey.delete(key)
      } else {
        this.#users.set(key, users)
      }
    }
  }
}
