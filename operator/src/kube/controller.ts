import type { QueueOptions } from './queue.ts'
import { WorkQueue } from './queue.ts'
import { ApiError, isConflict } from './client.ts'
import type { ControllerMetrics } from './metrics.ts'

/** Come back after a while although nothing failed: to compare the world again, or to see a wait end. */
export interface ReconcileResult {
  requeueAfterMs?: number
}

/** A failure that no retry can mend: the object itself must change first. It is reported and not retried. */
export class TerminalError extends Error {
  override name = 'TerminalError'
}

export interface ControllerOptions {
  name: string
  /** Brings the world to what the object of this key asks for. Called for one key by one worker at a time. */
  reconcile: (key: string, signal: AbortSignal) => Promise<ReconcileResult | void>
  workers?: number
  /** A reconcile that takes longer is aborted and retried. */
  deadlineMs?: number
  queue?: Partial<QueueOptions>
  metrics?: ControllerMetrics
  onFault?: (key: string, fault: unknown, retryInMs: number | undefined) => void
}

/** Workers over one queue. A conflict or a fault returns the key with back-off; a success ends its back-off. */
export class Controller {
  readonly queue: WorkQueue
  readonly #options: Required<Pick<ControllerOptions, 'workers' | 'deadlineMs'>> & ControllerOptions
  #workers: Promise<void>[] = []

  constructor(options: ControllerOptions) {
    this.#options = { workers: 4, deadlineMs: 60_000, ...options }
    this.queue = new WorkQueue(options.queue)
    if (options.metrics) this.queue.observe(options.metrics.queueObserver(options.name))
  }

  get name(): string {
    return this.#options.name
  }

  /** Works until `signal` ends leadership or the process; work in hand gets the signal too. */
  start(signal: AbortSignal): void {
    this.#workers = Array.from({ length: this.#options.workers }, () => this.#work(signal))
  }

  /** Takes nothing more in and waits for the work in hand. */
  async stop(): Promise<void> {
    this.queue.close()
    await Promise.all(this.#workers)
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (;;) {
      const key = await this.queue.take()
      if (key === undefined) return
      if (signal.aborted) {
        this.queue.done(key)
        return
      }
      try {
        await this.#reconcile(key, signal)
      } finally {
        this.queue.done(key)
      }
    }
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<void> {
    const { name, reconcile, deadlineMs, metrics, onFault } = this.#options
    const startedAt = performance.now()
    let result: 'success' | 'requeue_after' | 'requeue' | 'error' | 'terminal_error' = 'success'
    try {
      const outcome = await reconcile(key, AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]))
      this.queue.forget(key)
      if (outcome?.requeueAfterMs !== undefined) {
        result = 'requeue_after'
        this.queue.addAfter(key, outcome.requeueAfterMs)
      }
    } catch (thrown) {
      if (signal.aborted) return
      if (thrown instanceof TerminalError) {
        result = 'terminal_error'
        this.queue.forget(key)
        onFault?.(key, thrown, undefined)
        return
      }
      // A conflict is everyday life: somebody wrote in between, and the newer object will come by watch.
      result = isConflict(thrown) ? 'requeue' : 'error'
      const delay = this.queue.addRateLimited(key, thrown instanceof ApiError ? thrown.retryAfterMs : 0)
      if (result === 'error') onFault?.(key, thrown, delay)
    } finally {
      metrics?.reconciled(name, result, performance.now() - startedAt)
    }
  }
}
