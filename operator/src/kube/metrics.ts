import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { QueueObserver, WorkQueue } from './queue.ts'

/** The metrics of controllers under the names that controller-runtime gave them, so that known dashboards and alerts fit. */
export class ControllerMetrics {
  readonly #reconciles: Counter<'controller' | 'result'>
  readonly #reconcileErrors: Counter<'controller'>
  readonly #reconcileTime: Histogram<'controller'>
  readonly #adds: Counter<'name'>
  readonly #retries: Counter<'name'>
  readonly #waited: Histogram<'name'>
  readonly #worked: Histogram<'name'>
  readonly #requests: Counter<'verb' | 'kind'>
  readonly #queues = new Map<string, WorkQueue>()

  constructor(registry: Registry) {
    const registers = [registry]
    this.#reconciles = new Counter({
      name: 'controller_runtime_reconcile_total',
      help: 'Reconciliations by controller and result.',
      labelNames: ['controller', 'result'],
      registers
    })
    this.#reconcileErrors = new Counter({
      name: 'controller_runtime_reconcile_errors_total',
      help: 'Reconciliations that failed and are retried.',
      labelNames: ['controller'],
      registers
    })
    this.#reconcileTime = new Histogram({
      name: 'controller_runtime_reconcile_time_seconds',
      help: 'How long a reconciliation took.',
      labelNames: ['controller'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers
    })
    this.#adds = new Counter({
      name: 'workqueue_adds_total',
      help: 'Keys added to the queue.',
      labelNames: ['name'],
      registers
    })
    this.#retries = new Counter({
      name: 'workqueue_retries_total',
      help: 'Keys put back after a failure.',
      labelNames: ['name'],
      registers
    })
    const buckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60]
    this.#waited = new Histogram({
      name: 'workqueue_queue_duration_seconds',
      help: 'How long a key waited for a worker.',
      labelNames: ['name'],
      buckets,
      registers
    })
    this.#worked = new Histogram({
      name: 'workqueue_work_duration_seconds',
      help: 'How long a worker held a key.',
      labelNames: ['name'],
      buckets,
      registers
    })
    this.#requests = new Counter({
      name: 'rest_client_requests_total',
      help: 'Requests to the Kubernetes API by verb and kind.',
      labelNames: ['verb', 'kind'],
      registers
    })
    const queues = this.#queues
    const gauge = (name: string, help: string, read: (queue: WorkQueue) => number) =>
      new Gauge({
        name,
        help,
        labelNames: ['name'],
        registers,
        collect() {
          for (const [queueName, queue] of queues) this.set({ name: queueName }, read(queue))
        }
      })
    gauge('workqueue_depth', 'Keys that wait for a worker.', (queue) => queue.depth)
    gauge('workqueue_unfinished_work', 'Keys being worked on.', (queue) => queue.processing)
    gauge(
      'workqueue_longest_running_processor_seconds',
      'Age of the longest running piece of work: a stuck worker shows here.',
      (queue) => queue.longestWorkMs / 1000
    )
  }

  watchQueue(name: string, queue: WorkQueue): void {
    this.#queues.set(name, queue)
  }

  queueObserver(name: string): QueueObserver {
    return {
      added: () => this.#adds.inc({ name }),
      retried: () => this.#retries.inc({ name }),
      waited: (ms) => this.#waited.observe({ name }, ms / 1000),
      worked: (ms) => this.#worked.observe({ name }, ms / 1000)
    }
  }

  reconciled(controller: string, result: string, ms: number): void {
    this.#reconciles.inc({ controller, result })
    if (result === 'error') this.#reconcileErrors.inc({ controller })
    this.#reconcileTime.observe({ controller }, ms / 1000)
  }

  requested(verb: string, kind: string): void {
    this.#requests.inc({ verb, kind })
  }
}
