import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Registry, collectDefaultMetrics } from 'prom-client'
import type { KubeClient } from './client.ts'
import type { Controller } from './controller.ts'
import { LeaderElection } from './lease.ts'
import { ControllerMetrics } from './metrics.ts'
import type { Reflector } from './reflector.ts'
import type { WatchCanary } from './canary.ts'

export interface RuntimeOptions {
  client: KubeClient
  registry?: Registry
  /** `/livez`, `/readyz` and `/metrics`; port 0 takes a free one. */
  health: { host: string; port: number }
  election?: { namespace: string; name: string; leaseMs?: number; renewDeadlineMs?: number; retryMs?: number }
  canary?: WatchCanary
  /** A worker busy longer than this is taken for stuck; liveness says so. */
  stuckMs?: number
  /** How long stopping may take. */
  stopMs?: number
  onFault?: (where: string, fault: unknown) => void
}

/**
 * Runs controllers in order: health server, caches, election, then work. Every replica watches, so that a follower takes over with warm
 * caches; only the leader works. Stopping runs backwards: no new work, work in hand, the lease given back, the watches closed.
 */
export class ControllerRuntime {
  readonly registry: Registry
  readonly metrics: ControllerMetrics
  readonly #options: Required<Pick<RuntimeOptions, 'stuckMs' | 'stopMs'>> & RuntimeOptions
  readonly #reflectors: Reflector[] = []
  readonly #controllers: Controller[] = []
  readonly #election: LeaderElection | undefined
  readonly #stopping = new AbortController()
  #server: Server | undefined
  #synced = false
  #stopped: Promise<void> | undefined
  readonly #lost = Promise.withResolvers<void>()

  constructor(options: RuntimeOptions) {
    this.#options = { stuckMs: 120_000, stopMs: 20_000, ...options }
    this.registry = options.registry ?? new Registry()
    if (!options.registry) collectDefaultMetrics({ register: this.registry })
    this.metrics = new ControllerMetrics(this.registry)
    this.#election = options.election
      ? new LeaderElection({
          client: options.client,
          ...options.election,
          onFault: (fault) => this.#fault('election', fault)
        })
      : undefined
  }

  get identity(): string {
    return this.#election?.identity ?? 'single'
  }

  get isLeader(): boolean {
    return this.#election?.isLeader ?? true
  }

  /** Resolves when leadership was lost: the process should end, so that nothing half-done goes on. */
  get leadershipLost(): Promise<void> {
    return this.#lost.promise
  }

  get healthPort(): number {
    const address = this.#server?.address() as AddressInfo | null | undefined
    if (!address) throw new Error('The health server is not listening')
    return address.port
  }

  watch(reflector: Reflector): Reflector {
    this.#reflectors.push(reflector)
    return reflector
  }

  run(controller: Controller): Controller {
    this.metrics.watchQueue(controller.name, controller.queue)
    this.#controllers.push(controller)
    return controller
  }

  async start(): Promise<void> {
    await this.#serve()
    await Promise.all(this.#reflectors.map((reflector) => reflector.start()))
    this.#synced = true
    await this.#options.canary?.start()
    if (!this.#election) return this.#lead(this.#stopping.signal)
    this.#election.start((signal) => {
      this.#lead(AbortSignal.any([signal, this.#stopping.signal]))
      signal.addEventListener('abort', () => {
        if (!this.#stopping.signal.aborted) this.#lost.resolve()
      })
    })
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    const finish = Promise.all(this.#controllers.map((controller) => controller.stop()))
    const limit = new Promise<void>((resolve) => setTimeout(resolve, this.#options.stopMs).unref())
    await Promise.race([finish, limit])
    this.#stopping.abort()
    await this.#election?.stop()
    await this.#options.canary?.stop()
    await Promise.all(this.#reflectors.map((reflector) => reflector.stop()))
    await new Promise<void>((resolve) => {
      if (!this.#server) return resolve()
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  #lead(signal: AbortSignal): void {
    for (const controller of this.#controllers) controller.start(signal)
  }

  #fault(where: string, fault: unknown): void {
    this.#options.onFault?.(where, fault)
  }

  /** What is wrong with this process's life; empty when it is well. */
  problems(): string[] {
    const { canary, stuckMs } = this.#options
    const stuck = this.#controllers
      .filter(({ queue }) => queue.longestWorkMs > stuckMs)
      .map(({ name, queue }) => `controller ${name} has worked on one key for ${Math.round(queue.longestWorkMs)} ms`)
    const overdue = canary?.overdueMs() ?? 0
    return overdue > stuckMs ? [...stuck, `the watch canary has not come back for ${Math.round(overdue)} ms`] : stuck
  }

  async #serve(): Promise<void> {
    const server = createServer((request, response) => {
      const answer = (status: number, body: string, type = 'text/plain') => {
        response.writeHead(status, { 'content-type': type })
        response.end(body)
      }
      switch (request.url) {
        case '/livez': {
          const problems = this.problems()
          return answer(problems.length === 0 ? 200 : 503, problems.length === 0 ? 'ok\n' : `${problems.join('\n')}\n`)
        }
        case '/readyz': {
          const waiting = this.#reflectors
            .filter(({ hasSynced }) => !hasSynced)
            .map(({ kind }) => `${kind.plural} not listed yet`)
          const ready = this.#synced && waiting.length === 0 && !this.#stopping.signal.aborted
          return answer(ready ? 200 : 503, ready ? 'ok\n' : `${waiting.join('\n') || 'starting or stopping'}\n`)
        }
        case '/metrics':
          return void this.registry.metrics().then(
            (text) => answer(200, text, this.registry.contentType),
            (fault: unknown) => answer(500, String(fault))
          )
        default:
          return answer(404, 'not found\n')
      }
    })
    this.#server = server
    const { host, port } = this.#options.health
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
  }
}
