import type { PlatformReadiness } from '@gavel/contracts/api/health.ts'
import { probeHttp } from '@gavel/platform/probes/http.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import { platformReadiness } from './domain/readiness.ts'
import type { Metrics } from './metrics.ts'

export type WatchOptions = {
  /** Addresses of the watched services, by name. */
  services: Readonly<Record<string, string>>
  intervalMs: number
  timeoutMs: number
  /** An answer this young is given again instead of asking anew. */
  freshMs: number
}

/** Asks every service at once: on its own at each interval, and when somebody wants to know and the last answer is old. */
export class Watch {
  readonly #context: ServiceContext
  readonly #options: WatchOptions
  readonly #metrics: Metrics
  readonly #onRound: (readiness: PlatformReadiness) => void
  #latest: { at: number; answer: Promise<PlatformReadiness> } | undefined
  #last: PlatformReadiness['status'] | undefined

  constructor(
    context: ServiceContext,
    options: WatchOptions,
    metrics: Metrics,
    onRound: (readiness: PlatformReadiness) => void
  ) {
    this.#context = context
    this.#options = options
    this.#metrics = metrics
    this.#onRound = onRound
  }

  /** Young enough, or asked now; many who ask at once share one round. */
  async read(): Promise<PlatformReadiness> {
    const at = performance.now()
    if (this.#latest && at - this.#latest.at < this.#options.freshMs) return await this.#latest.answer
    const answer = this.#ask()
    this.#latest = { at, answer }
    return await answer
  }

  /** Watches until the process ends. */
  start(): void {
    void this.read()
    const timer = setInterval(() => void this.read(), this.#options.intervalMs)
    this.#context.closers.add('watch', async () => clearInterval(timer))
  }

  async #ask(): Promise<PlatformReadiness> {
    const { services, timeoutMs } = this.#options
    const { signal, clock } = this.#context
    const found = await Promise.all(
      Object.entries(services).map(
        async ([name, url]) => [name, await probeHttp(`${url}/readyz`, { timeoutMs, signal })] as const
      )
    )
    const readiness = platformReadiness(Object.fromEntries(found), clock())
    this.#tell(readiness)
    // A process that ends asks with its own time-outs cut short: what it found then says nothing.
    if (!signal.aborted) this.#onRound(readiness)
    return readiness
  }

  #tell(readiness: PlatformReadiness): void {
    for (const [name, { status }] of Object.entries(readiness.services)) this.#metrics.ready(name, status === 'ready')
    if (readiness.status === this.#last) return
    this.#last = readiness.status
    const unwell = Object.entries(readiness.services)
      .filter(([, { status }]) => status !== 'ready')
      .map(([name]) => name)
    if (unwell.length === 0) this.#context.log.info('The platform is ready')
    else this.#context.log.warn({ unwell }, 'The platform is not ready')
  }
}
