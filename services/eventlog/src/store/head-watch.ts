import { loadPg } from '@gavel/platform/postgres/driver.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Client, Pool } from 'pg'

const RECONNECT_MS = 1_000

/** Something that moves forward, and tells its new place on a channel at each commit. */
export interface Watched {
  channel: string
  readPosition: (pool: Pool) => Promise<number>
}

/**
 * Knows how far the log has come (or what is folded from it), for all streams of a process: by the notice of each commit, over a
 * connection of its own, and by a look now and then, because a notice is lost while that connection is away.
 */
export class HeadWatch {
  readonly #context: ServiceContext
  readonly #pool: Pool
  readonly #watched: Watched
  readonly #pollMs: number
  readonly #waiting = new Set<() => void>()
  #position = 0
  #client: Client | undefined
  #reconnect: NodeJS.Timeout | undefined
  #poll: NodeJS.Timeout | undefined
  #stopped = false

  constructor(context: ServiceContext, pool: Pool, { pollMs, ...watched }: Watched & { pollMs: number }) {
    this.#context = context
    this.#pool = pool
    this.#watched = watched
    this.#pollMs = pollMs
    context.closers.add(`watch of ${watched.channel}`, async () => await this.#stop())
  }

  start(): void {
    void this.#listen()
    this.#pollLater()
  }

  /** At least what was committed when it was last looked. Every position up to it can be read. */
  get position(): number {
    return this.#position
  }

  async look(): Promise<void> {
    this.#saw(await this.#watched.readPosition(this.#pool))
  }

  /** Until the log is longer than `position`, the time is over, or the signal says so. */
  async waitBeyond(position: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.#position > position || signal.aborted) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        this.#waiting.delete(check)
        resolve()
      }
      const check = (): void => {
        if (this.#position > position) done()
      }
      const timer = setTimeout(done, timeoutMs)
      signal.addEventListener('abort', done)
      this.#waiting.add(check)
    })
  }

  #saw(position: number): void {
    if (position <= this.#position) return
    this.#position = position
    for (const check of this.#waiting) check()
  }

  #pollLater(): void {
    this.#poll = setTimeout(() => {
      const looked = this.#waiting.size > 0 ? this.look() : Promise.resolve()
      void looked
        .catch((error: unknown) => this.#context.log.debug({ error }, 'What is watched cannot be read'))
        .finally(() => {
          if (!this.#stopped) this.#pollLater()
        })
    }, this.#pollMs)
    this.#poll.unref()
  }

  async #listen(): Promise<void> {
    const client = new (loadPg().Client)({
      ...this.#pool.options,
      application_name: `${this.#context.name} ${this.#watched.channel}`,
      keepAlive: true
    })
    this.#client = client
    const again = (): void => {
      if (this.#stopped || this.#client !== client) return
      this.#client = undefined
      this.#reconnect = setTimeout(() => void this.#listen(), RECONNECT_MS)
    }
    client.on('error', again)
    client.on('end', again)
    client.on('notification', ({ payload }) => this.#saw(Number(payload) || 0))
    try {
      await client.connect()
      await client.query(`listen ${this.#watched.channel}`)
    } catch (error) {
      this.#context.log.debug({ error }, 'Notices of what is watched are interrupted')
      await client.end().catch(() => undefined)
      again()
    }
  }

  async #stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#reconnect)
    clearTimeout(this.#poll)
    await this.#client?.end().catch(() => undefined)
  }
}
