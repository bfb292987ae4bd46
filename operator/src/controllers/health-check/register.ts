import type { KubeClient } from '../../kube/client.ts'
import { Controller } from '../../kube/controller.ts'
import { EventRecorder } from '../../kube/events.ts'
import type { ControllerRuntime } from '../../kube/runtime.ts'
import { Reflector } from '../../kube/reflector.ts'
import type { KafkaAdminPort } from '../../kafka/admin-port.ts'
import { HealthChecks } from './controller.ts'
import { createProber } from './prober.ts'
import { healthCheck, type HealthCheckResource } from './types.ts'

export interface HealthCheckControllerOptions {
  runtime: ControllerRuntime
  client: KubeClient
  /** Without it, consumer groups cannot be asked and their checks say so. */
  kafka?: KafkaAdminPort
  /** Who reports the Events: the replica's identity. */
  instance: string
  namespace?: string
  heartbeatMs?: number
  concurrency?: number
  now?: () => Date
  onFault?: (key: string, fault: unknown) => void
}

/** Wires the HealthCheck controller: one reflector, one queue, and the probes beside them. */
export function addHealthCheckController(options: HealthCheckControllerOptions): void {
  const { runtime, client, kafka, instance, namespace, heartbeatMs, concurrency, onFault } = options
  const now = options.now ?? (() => new Date())
  const checks = runtime.watch(
    new Reflector({ client, kind: healthCheck, ...(namespace === undefined ? {} : { namespace }) })
  )
  const healthChecks = new HealthChecks({
    client,
    checks,
    prober: createProber({ client, kafka, now }),
    events: new EventRecorder({ client, component: 'gavel.dev/health-check', instance }),
    now,
    enqueue: (key) => controller.queue.add(key),
    ...(heartbeatMs === undefined ? {} : { heartbeatMs }),
    ...(concurrency === undefined ? {} : { concurrency })
  })
  const controller: Controller = runtime.run(
    new ProbingController(healthChecks, {
      name: 'healthcheck',
      reconcile: (key) => healthChecks.reconcile(key),
      workers: 20,
      metrics: runtime.metrics,
      ...(onFault ? { onFault } : {})
    })
  )
  checks.onEvent(({ key, type, object, previous }) => {
    if (type === 'deleted' || differs(object as HealthCheckResource, previous as HealthCheckResource | undefined))
      controller.queue.add(key)
  })
}

/** Probes end with the work: when this process stops, and when it leads no more. */
class ProbingController extends Controller {
  readonly #healthChecks: HealthChecks

  constructor(healthChecks: HealthChecks, options: ConstructorParameters<typeof Controller>[0]) {
    super(options)
    this.#healthChecks = healthChecks
  }

  override start(signal: AbortSignal): void {
    signal.addEventListener('abort', () => this.#healthChecks.stop(), { once: true })
    super.start(signal)
  }

  override async stop(): Promise<void> {
    this.#healthChecks.stop()
    await super.stop()
  }
}

/** Our own status writes come back through the watch too; they are no reason to reconcile again. */
function differs(object: HealthCheckResource, previous: HealthCheckResource | undefined): boolean {
  return (
    !previous ||
    previous.metadata.uid !== object.metadata.uid ||
    previous.metadata.generation !== object.metadata.generation ||
    previous.metadata.deletionTimestamp !== object.metadata.deletionTimestamp
  )
}
