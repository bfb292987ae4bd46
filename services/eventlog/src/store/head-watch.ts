import { loadPg } from '@gavel/platform/postgres/driver.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Client, Pool } from 'pg'
import { CHANNEL } from './append-events.ts'
import { readHead } from './read-events.ts'

const RECONNECT_MS = 1_000

/**
 * Knows how far the log has come, for all streams of a process: by the notice of each commit, over a connection of its own, and
 * by a look now and then, because a notice is lost while that connection is away.
 */
export class HeadWatch {
  readonly #context: ServiceContext
  readonly #pool: Pool
  readonly #pollMs: number
  readonly #waiting = new Set<() => void>()
  #position = 0
  #client: Client | undefined
  #reconnect: NodeJS.Timeout | undefined
  #poll: NodeJS.Timeout | undefined
  #stopped = false

  constructor(context: ServiceContext, pool: Pool, { pollMs }: { pollMs: number }) {
    this.#context = context
    this.#pool = pool
    this.#pollMs = pollMs
    context.closers.add('head watch', async () => await this.#stop())
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
    this.#saw((await readHead(this.#pool)).position)
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
        .catch((error: unknown) => this.#context.log.debug({ error }, 'The head of the log cannot be read'))
        .finally(() => {
          if (!this.#stopped) this.#pollLater()
        })
    }, this.#pollMs)
    this.#poll.unref()
  }

  async #listen(): Promise<void> {
    const client = new (loadPg().Client)({
      ...this.#pool.options,
      application_name: `${this.#context.name} ${CHANNEL}`,
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
      await client.query(`listen ${CHANNEL}`)
    } catch (error) {
      this.#context.log.debug({ error }, 'Notices of the log are interrupted')
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
