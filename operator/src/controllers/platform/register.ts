import type { KubeClient, ResourceKind } from '../../kube/client.ts'
import { Controller } from '../../kube/controller.ts'
import { EventRecorder } from '../../kube/events.ts'
import { keyOf, Reflector } from '../../kube/reflector.ts'
import type { ControllerRuntime } from '../../kube/runtime.ts'
import { platformReconciler } from './controller.ts'
import { createPlatformObserver } from './observe.ts'
import { platform as platformKind } from './types.ts'

export interface PlatformControllerOptions {
  runtime: ControllerRuntime
  client: KubeClient
  /** The operator's kinds that a Platform may make use of: those whose controllers run. */
  ownKinds: readonly ResourceKind[]
  /** Who reports the Events: the replica's identity. */
  instance: string
  namespace?: string
  compareMs?: number
  correctionMs?: number
  now?: () => Date
  onFault?: (key: string, fault: unknown) => void
}

/** Wires the Platform controller: one queue over the Platforms and everything they made. */
export function addPlatformController(options: PlatformControllerOptions): void {
  const { runtime, client, ownKinds, instance, namespace, compareMs, correctionMs, onFault } = options
  const scope = namespace === undefined ? {} : { namespace }
  const platforms = runtime.watch(new Reflector({ client, kind: platformKind, ...scope }))
  const observer = createPlatformObserver({
    runtime,
    client,
    ownKinds,
    ...scope,
    changed: (platform) => platforms.get(platform) && controller.queue.add(platform)
  })
  const controller: Controller = runtime.run(
    new Controller({
      name: 'platform',
      workers: 2,
      metrics: runtime.metrics,
      ...(onFault ? { onFault } : {}),
      reconcile: platformReconciler({
        client,
        platforms,
        observer,
        ownKinds,
        events: new EventRecorder({ client, component: 'gavel.dev/platform', instance }),
        now: options.now ?? (() => new Date()),
        ...(compareMs === undefined ? {} : { compareMs }),
        ...(correctionMs === undefined ? {} : { correctionMs })
      })
    })
  )
  platforms.onEvent(({ key, type, object }) => {
    if (type !== 'deleted') return controller.queue.add(key)
    // Whoever waited for the namespace has its turn.
    for (const other of platforms.objects()) {
      if (other.metadata.namespace === object.metadata.namespace) controller.queue.add(keyOf(other))
    }
  })
}
