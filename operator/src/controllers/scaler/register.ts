import { Counter, Gauge } from 'prom-client'
import type { KafkaAdminPort } from '../../kafka/admin-port.ts'
import type { KubeClient, KubeObject } from '../../kube/client.ts'
import { Controller } from '../../kube/controller.ts'
import { EventRecorder } from '../../kube/events.ts'
import { keyOf, Reflector } from '../../kube/reflector.ts'
import type { ControllerRuntime } from '../../kube/runtime.ts'
import { scalerReconciler, type ScalerDependencies } from './controller.ts'
import { createSignalObserver } from './observe.ts'
import type { Pace } from './policy.ts'
import { autoscalerKind, Rivals, trimAutoscaler } from './rivals.ts'
import { deploymentKind, Targets, trimDeployment } from './target.ts'
import { scaler, type ScalerResource } from './types.ts'

export interface ScalerControllerOptions {
  runtime: ControllerRuntime
  client: KubeClient
  admin: KafkaAdminPort
  /** Who reports the Events: the replica's identity. */
  instance: string
  namespace?: string
  intervalMs?: number
  pace?: Pace
  onFault?: (key: string, fault: unknown) => void
}

/** Wires the Scaler controller: Scalers, the Deployments and autoscalers they may meet, one queue. */
export function addScalerController(options: ScalerControllerOptions): void {
  const { runtime, client, admin, instance, namespace, intervalMs, pace, onFault } = options
  const scope = namespace === undefined ? {} : { namespace }
  const scalers = runtime.watch(new Reflector({ client, kind: scaler, ...scope }))
  const deployments = runtime.watch(
    new Reflector({ client, kind: deploymentKind, transform: trimDeployment, ...scope })
  )
  const autoscalers = runtime.watch(
    new Reflector({ client, kind: autoscalerKind, transform: trimAutoscaler, ...scope })
  )
  const targets = new Targets(client, deployments)
  const rivals = new Rivals({ client, autoscalers, targets })
  const measures = decisionMeasures(runtime)
  const { reconcile, forget } = scalerReconciler({
    client,
    scalers,
    targets,
    rivals,
    observer: createSignalObserver(admin),
    events: new EventRecorder({ client, component: 'gavel.dev/scaler', instance }),
    now: () => new Date(),
    onDecision: measures.decided,
    ...(intervalMs === undefined ? {} : { intervalMs }),
    ...(pace === undefined ? {} : { pace })
  })
  // Workers wait for figures most of the time, and a batch to Kafka is only as large as the workers that ask.
  const controller = runtime.run(
    new Controller({
      name: 'scaler',
      reconcile,
      workers: 200,
      metrics: runtime.metrics,
      ...(onFault ? { onFault } : {})
    })
  )
  scalers.onEvent(({ key, type, object, previous }) => {
    const resource = object as ScalerResource
    if (type === 'deleted') {
      forget(key)
      measures.gone(key)
      for (const other of rivals.remove(resource)) controller.queue.add(keyOf(other))
      return
    }
    rivals.put(resource)
    if (differs(object, previous)) controller.queue.add(key)
  })
}

/** Our own status writes come back through the watch too; they are no reason to decide again. */
const differs = (object: KubeObject, previous: KubeObject | undefined): boolean =>
  previous?.metadata.uid !== object.metadata.uid ||
  previous?.metadata.generation !== object.metadata.generation ||
  previous?.metadata.deletionTimestamp !== object.metadata.deletionTimestamp

/** The same figures that status tells, for alerts and graphs. */
function decisionMeasures({ registry }: ControllerRuntime): {
  decided: NonNullable<ScalerDependencies['onDecision']>
  gone: (key: string) => void
} {
  const labelNames = ['namespace', 'name'] as const
  const gauge = (name: string, help: string) => new Gauge({ name, help, labelNames, registers: [registry] })
  const current = gauge('gavel_scaler_current_replicas', 'Replicas the target was asked to have.')
  const desired = gauge('gavel_scaler_desired_replicas', 'Replicas the last decision came to.')
  const lag = gauge('gavel_scaler_lag_messages', 'Messages behind, over all lag signals.')
  const catchUp = gauge('gavel_scaler_catch_up_seconds', 'Time to catch up at the learned rate.')
  const missing = gauge('gavel_scaler_signals_missing', 'Signals that could not be read.')
  const clamps = new Counter({
    name: 'gavel_scaler_clamps_total',
    help: 'Decisions that a rule changed, by the rule.',
    labelNames: [...labelNames, 'clamp'],
    registers: [registry]
  })
  const labelsOf = (key: string) => {
    const [namespace = '', name = ''] = key.split('/')
    return { namespace, name }
  }
  return {
    decided(key, decision) {
      const labels = labelsOf(key)
      const lags = Object.values(decision.demand.lags)
      current.set(labels, decision.from)
      desired.set(labels, decision.to)
      missing.set(labels, decision.demand.missing.length)
      if (lags.length > 0)
        lag.set(
          labels,
          lags.reduce((sum, each) => sum + each.lag, 0)
        )
      const catchUps = lags.flatMap(({ catchUpSeconds }) => (catchUpSeconds === undefined ? [] : [catchUpSeconds]))
      if (catchUps.length > 0) catchUp.set(labels, Math.max(...catchUps))
      for (const { name } of decision.clamps) clamps.inc({ ...labels, clamp: name })
    },
    gone(key) {
      for (const metric of [current, desired, lag, catchUp, missing]) metric.remove(labelsOf(key))
    }
  }
}
