import { Refusal } from '@gavel/platform/errors.ts'

/** What cannot start because too much waits already. The caller is told to come back. */
const tooMuch = (): Refusal => new Refusal('RATE_LIMITED', { retryAfterMs: 1_000 })

export interface BoundedWorkOptions {
  runningMax: number
  waitingMax: number
  /** Whoever has waited this long is refused: his caller gives up soon, and work for nobody would hold up the others. */
  waitMaxMs: number
}

/** Runs at most `runningMax` tasks at once and lets at most `waitingMax` wait, first come, first served. */
export class BoundedWork {
  readonly #options: BoundedWorkOptions
  readonly #waiting = new Set<() => void>()
  #running = 0

  constructor(options: BoundedWorkOptions) {
    this.#options = options
  }

  get waiting(): number {
    return this.#waiting.size
  }

  async run<Result>(task: () => Promise<Result>): Promise<Result> {
    if (this.#running < this.#options.runningMax) this.#running += 1
    else await this.#turn()
    try {
      return await task()
    } finally {
      // The place is handed over by the one who leaves it, so that nobody slips in between.
      const [next] = this.#waiting
      if (next) next()
      else this.#running -= 1
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.size >= this.#options.waitingMax) return Promise.reject(tooMuch())
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(enter)
        resolve()
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(enter)
        reject(tooMuch())
      }, this.#options.waitMaxMs)
      this.#waiting.add(enter)
    })
  }
}

/** One task at a time for each key, and at most `waitingMax` waiting for one key. A key without tasks takes no memory. */
export class WorkByKey {
  readonly #options: Omit<BoundedWorkOptions, 'runningMax'>
  readonly #byKey = new Map<string, BoundedWork>()
  readonly #users = new Map<string, number>()

  constructor(options: Omit<BoundedWorkOptions, 'runningMax'>) {
    this.#options = options
  }

  get keys(): number {
    return this.#byKey.size
  }

  async run<Result>(key: string, task: () => Promise<Result>): Promise<Result> {
    const work = this.#byKey.get(key) ?? new BoundedWork({ ...this.#options, runningMax: 1 })
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
