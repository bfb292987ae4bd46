import { services } from '@gavel/contracts/services.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { appliedHashAnnotation, hashOf } from '../../kube/apply.ts'
import type { KubeObject, ResourceKind } from '../../kube/client.ts'
import { mergeConditions } from '../../kube/conditions.ts'
import { healthCheck } from '../health-check/types.ts'
import { kafkaTopic } from '../kafka-topic/types.ts'
import { scaler } from '../scaler/types.ts'
import { aPlatform, aSpec } from './a-platform.ts'
import { keyOfDesired } from './difference.ts'
import { planPlatform, type PlatformPlan } from './plan.ts'
import { kinds } from './resources/kinds.ts'
import { platformLabel, serviceLabel } from './resources/metadata.ts'
import type { PlatformResource, PlatformSpec } from './types.ts'
import { replicasHeldAnnotation, revisionOf } from './writes.ts'

const ownKinds: ResourceKind[] = [healthCheck, kafkaTopic, scaler]
const databases = services.filter(({ stores }) => stores.includes('postgres')).length
const known = [...Object.values(kinds), ...ownKinds].filter(({ kind }) => kind !== 'ControllerRevision')

/** A cluster as far as a plan can tell: objects that are applied, and controllers that bring them up when told to. */
class World {
  readonly objects = new Map<string, KubeObject>()
  platform: PlatformResource
  good: PlatformSpec | undefined
  now = Date.parse('2026-01-01T00:00:00Z')
  writes: string[] = []
  /** Versions whose pods never become available. */
  readonly broken = new Set<string>()

  constructor(spec: Partial<PlatformSpec> = {}) {
    this.platform = aPlatform(spec)
  }

  change(spec: Partial<PlatformSpec>): void {
    const { metadata } = this.platform
    this.platform = {
      ...this.platform,
      metadata: { ...metadata, generation: (metadata.generation ?? 1) + 1 },
      spec: aSpec(spec)
    }
  }

  plan(): PlatformPlan {
    return planPlatform({
      platform: this.platform,
      observed: this.objects,
      good: this.good,
      kinds: new Set(ownKinds.map(({ kind }) => kind)),
      kindOf: (name) => known.find(({ kind }) => kind === name),
      settled: new Map(),
      now: new Date(this.now)
    })
  }

  /** Plans, carries out at most `most` of the writes, and tells. */
  reconcile(most = Infinity): PlatformPlan {
    const plan = this.plan()
    for (const write of plan.writes.slice(0, most)) {
      const key = keyOfDesired(write.desired)
      this.writes.push(`${write.type} ${key}`)
      const before = this.objects.get(key)
      if (write.type === 'Delete') this.objects.delete(key)
      else if (write.type === 'HoldReplicas') this.#hold(key, write.replicas)
      else this.objects.set(key, this.#applied(write.desired.kind.kind, write.desired.object, before))
    }
    if (plan.writes.length > most) return plan
    if (plan.keep) this.good = plan.keep
    const { conditions: next, absent, status } = plan
    const options = { generation: this.platform.metadata.generation ?? 1, now: new Date(this.now), absent }
    const conditions = mergeConditions(this.platform.status?.conditions ?? [], next, options)
    this.platform = { ...this.platform, status: { ...status, conditions } }
    return plan
  }

  #applied(kind: string, wish: KubeObject, before: KubeObject | undefined): KubeObject {
    const { status, metadata } = before ?? ({} as Partial<KubeObject>)
    const spec = { ...(wish['spec'] as object) } as { replicas?: number }
    const held = metadata?.annotations?.[replicasHeldAnnotation]
    const replicas = (before?.['spec'] as { replicas?: number } | undefined)?.replicas
    // As the server does: a field that its last owner no longer names goes, and a Deployment without a number has one pod.
    if (kind === 'Deployment' && spec.replicas === undefined) spec.replicas = held === undefined ? 1 : (replicas ?? 1)
    return {
      ...wish,
      kind,
      ...(wish['spec'] === undefined ? {} : { spec }),
      ...(status === undefined ? {} : { status }),
      metadata: {
        ...wish.metadata,
        uid: metadata?.uid ?? `uid-of-${wish.metadata.name}`,
        generation: (metadata?.generation ?? 0) + 1,
        annotations: {
          ...wish.metadata.annotations,
          ...(held === undefined ? {} : { [replicasHeldAnnotation]: held }),
          [appliedHashAnnotation]: hashOf(wish)
        }
      }
    }
  }

  #hold(key: string, replicas: number | undefined): void {
    const object = this.objects.get(key)
    if (!object) return
    const { [replicasHeldAnnotation]: _held, ...annotations } = object.metadata.annotations ?? {}
    this.objects.set(key, {
      ...object,
      spec: { ...(object['spec'] as object), ...(replicas === undefined ? {} : { replicas }) },
      metadata: {
        ...object.metadata,
        annotations: { ...annotations, ...(replicas === undefined ? {} : { [replicasHeldAnnotation]: 'true' }) }
      }
    })
  }

  /** The cluster's own controllers bring up what they can. */
  bringUp(which: (object: KubeObject) => boolean = () => true): void {
    for (const [key, object] of this.objects) {
      const version = object.metadata.labels?.['app.kubernetes.io/version'] ?? ''
      if (!which(object) || this.broken.has(version)) continue
      const spec = object['spec'] as { replicas?: number } | undefined
      if (object.kind === 'Job')
        this.objects.set(key, { ...object, status: { conditions: [{ type: 'Complete', status: 'True' }] } })
      if (object.kind !== 'Deployment') continue
      const pods = spec?.replicas ?? 1
      const status = {
        observedGeneration: object.metadata.generation,
        replicas: pods,
        updatedReplicas: pods,
        readyReplicas: pods,
        availableReplicas: pods
      }
      this.objects.set(key, { ...object, status })
    }
  }

  settle(rounds = 60): void {
    for (let round = 0; round < rounds; round++) {
      this.reconcile()
      this.bringUp()
    }
  }

  reason(type = 'Ready'): string | undefined {
    return this.platform.status?.conditions?.find((condition) => condition.type === type)?.reason
  }

  versionOf(service: string): string | undefined {
    return this.objects.get(`Deployment/${service}`)?.metadata.labels?.['app.kubernetes.io/version']
  }
}

const installed = (spec: Partial<PlatformSpec> = {}): World => {
  const world = new World(spec)
  world.settle(databases + 6)
  expect(world.reason()).toBe('Deployed')
  world.writes = []
  return world
}

describe('the plan of a platform', () => {
  test('an installation migrates one database after the other, then starts everything at once', () => {
    const world = new World()
    const jobs = () => [...world.objects.values()].filter(({ kind }) => kind === 'Job').length
    const deployments = () => [...world.objects.values()].filter(({ kind }) => kind === 'Deployment').length
    for (let done = 1; done <= databases; done++) {
      world.reconcile()
      expect([jobs(), deployments()]).toEqual([done, 0])
      world.bringUp()
    }
    world.reconcile()
    expect(deployments()).toBe(services.length + 1)
    expect(world.reason()).toBe('Installing')
    world.settle(4)
    expect(world.reason()).toBe('Deployed')
    expect(world.platform.status).toMatchObject({ version: '1.0.0', revision: revisionOf(world.platform.spec) })
  })

  test('what is in place costs nothing', () => {
    const world = installed()
    expect(world.plan()).toMatchObject({ writes: [], absent: ['Reconciling', 'Stalled'] })
  })

  test('a change by hand is reverted, an addition beside what is ours is left alone', () => {
    const world = installed()
    const service = world.objects.get('Service/order') as KubeObject
    world.objects.set('Service/order', {
      ...service,
      spec: { ...(service['spec'] as object), selector: { app: 'else' } }
    })
    const labelled = world.objects.get('Service/payment') as KubeObject
    labelled.metadata.labels = { ...labelled.metadata.labels, team: 'pay' }
    world.objects.delete('PodDisruptionBudget/web')
    world.reconcile()
    expect(world.writes.toSorted()).toEqual(['Apply PodDisruptionBudget/web', 'Apply Service/order'])
  })

  test('an upgrade goes service by service, each after the one before is available', () => {
    const world = installed()
    world.change({ version: '1.1.0' })
    const seen: string[][] = []
    for (let round = 0; round < 40 && world.platform.status?.version !== '1.1.0'; round++) {
      world.reconcile()
      seen.push(
        [...world.objects.values()]
          .filter(({ kind, status }) => {
            const { updatedReplicas } = (status ?? {}) as { updatedReplicas?: number }
            return kind === 'Deployment' && updatedReplicas !== undefined
          })
          .filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/version'] === '1.1.0')
          .map(({ metadata }) => metadata.name)
      )
      world.bringUp()
    }
    expect(world.reason()).toBe('Deployed')
    expect(world.platform.status?.version).toBe('1.1.0')
    for (const [index, names] of seen.entries())
      expect(names.length - (seen[index - 1]?.length ?? 0)).toBeLessThanOrEqual(1)
    expect(seen.findLast((names) => names.length === 1)).toEqual(['identity'])
    expect(seen.findLast((names) => names.length <= services.length)).not.toContain('gateway')
    world.settle(3)
    expect([...world.objects.keys()].filter((key) => key.startsWith('Job'))).toHaveLength(databases)
  })

  test('a version that does not become available is rolled back when its time is over, and the rest was never touched', () => {
    const world = installed()
    world.broken.add('1.1.0')
    world.change({ version: '1.1.0' })
    world.reconcile()
    world.bringUp()
    expect(world.reason()).toBe('Upgrading')
    world.now += 301_000
    world.reconcile()
    expect(world.reason()).toBe('RolledBack')
    expect(world.platform.status?.failed).toMatchObject({ version: '1.1.0', step: 'identity-migration' })
    const writes = world.writes.length
    world.settle(5)
    expect(world.writes).toHaveLength(writes)
    expect(world.versionOf('order')).toBe('1.0.0')
    expect(world.reason('Stalled')).toBe('RolledBack')
    world.change({ version: '1.2.0' })
    world.settle(40)
    expect([world.reason(), world.versionOf('gateway')]).toEqual(['Deployed', '1.2.0'])
    expect(world.platform.status?.failed).toBeUndefined()
  })

  test('a service of a new version that fails half way takes those before it back too', () => {
    const world = installed()
    world.change({ version: '1.1.0' })
    for (let round = 0; round < 25; round++) {
      world.reconcile()
      world.bringUp(({ metadata }) => metadata.name !== 'order')
    }
    expect(world.platform.status?.rollout?.step).toBe('order')
    expect([world.versionOf('bidding'), world.versionOf('web')]).toEqual(['1.1.0', '1.0.0'])
    world.now += 301_000
    world.reconcile()
    expect(world.reason()).toBe('RollingBack')
    world.settle(2)
    expect(world.reason()).toBe('RolledBack')
    expect([world.versionOf('bidding'), world.versionOf('order')]).toEqual(['1.0.0', '1.0.0'])
  })

  test('a failed migration is not waited for', () => {
    const world = installed()
    world.change({ version: '1.1.0' })
    world.reconcile()
    const job = [...world.objects.values()].findLast(({ kind }) => kind === 'Job') as KubeObject
    job['status'] = { conditions: [{ type: 'Failed', status: 'True', message: 'Job has reached the backoff limit' }] }
    world.reconcile()
    expect(world.reason()).toBe('RolledBack')
    expect(world.platform.status?.failed?.reason).toContain('backoff limit')
  })

  test('without a good state, or where roll-back is off, it stops and says where', () => {
    const world = new World({ upgrade: { healthTimeoutSeconds: 10 } })
    world.reconcile()
    world.now += 11_000
    world.reconcile()
    expect([world.reason(), world.reason('Stalled')]).toEqual(['RolloutFailed', 'RolloutFailed'])
    // A late success is a success all the same.
    world.settle(databases + 6)
    expect(world.reason()).toBe('Deployed')
  })

  test('a failing HealthCheck of a service holds its upgrade, one that cannot tell does not', () => {
    const world = installed()
    world.change({ version: '1.1.0' })
    const check = [...world.objects.values()].find(
      ({ kind, metadata }) => kind === 'HealthCheck' && metadata.labels?.[serviceLabel] === 'catalog'
    ) as KubeObject
    for (const [outcome, step] of [
      ['Failing', 'catalog'],
      ['Inconclusive', undefined]
    ] as const) {
      const key = `HealthCheck/${check.metadata.name}`
      world.objects.set(key, { ...(world.objects.get(key) as KubeObject), status: { outcome } })
      world.settle(30)
      expect(world.platform.status?.rollout?.step).toBe(step)
    }
  })

  test('the number of pods that a Scaler chose survives upgrades and drift; without Scalers it is ours again', () => {
    const world = installed()
    const replicas = () =>
      (world.objects.get('Deployment/order')?.['spec'] as { replicas: number } | undefined)?.replicas
    expect(replicas()).toBe(2)
    world.objects.set('Deployment/order', {
      ...(world.objects.get('Deployment/order') as KubeObject),
      spec: { ...(world.objects.get('Deployment/order')?.['spec'] as object), replicas: 5 }
    })
    world.bringUp()
    world.change({ version: '1.1.0' })
    world.settle(40)
    expect([world.reason(), replicas()]).toEqual(['Deployed', 5])
    world.change({ version: '1.1.0', scaling: { enabled: false } })
    world.settle(40)
    expect([world.reason(), replicas(), world.objects.has('Scaler/order')]).toEqual(['Deployed', 2, false])
  })

  test('a second Platform in a namespace waits and writes nothing', () => {
    const world = new World()
    const plan = planPlatform({
      platform: world.platform,
      observed: new Map(),
      good: undefined,
      older: 'first',
      kinds: new Set(),
      kindOf: () => undefined,
      settled: new Map(),
      now: new Date(0)
    })
    expect([plan.writes, plan.conditions.map(({ reason }) => reason)]).toEqual([
      [],
      ['ResourceConflict', 'ResourceConflict']
    ])
  })
})

describe('whatever happens', () => {
  const event = fc.oneof(
    fc.record({ do: fc.constant('reconcile' as const), most: fc.integer({ min: 0, max: 80 }) }),
    fc.record({ do: fc.constant('bringUp' as const), odd: fc.boolean() }),
    fc.record({ do: fc.constant('remove' as const), index: fc.nat(200) }),
    fc.record({
      do: fc.constant('change' as const),
      version: fc.constantFrom('1.0.0', '1.1.0', '2.0.0'),
      scaling: fc.boolean()
    }),
    fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 400 }) })
  )

  test('it converges once the world keeps still, then writes nothing, and never removes what it did not make', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 25 }), (events) => {
        const world = new World()
        const foreign: KubeObject = {
          kind: 'ConfigMap',
          metadata: { name: 'theirs', namespace: 'shop', labels: { [platformLabel]: 'gavel' } }
        }
        world.objects.set('ConfigMap/theirs', foreign)
        for (const each of events) {
          if (each.do === 'reconcile') world.reconcile(each.most)
          if (each.do === 'bringUp') world.bringUp(({ metadata }) => (metadata.name.length % 2 === 1) === each.odd)
          if (each.do === 'remove') {
            const key = [...world.objects.keys()][each.index]
            if (key !== undefined && key !== 'ConfigMap/theirs') world.objects.delete(key)
          }
          if (each.do === 'change') world.change({ version: each.version, scaling: { enabled: each.scaling } })
          if (each.do === 'wait') world.now += each.seconds * 1000
        }
        world.settle(45)
        expect(['Deployed', 'RolledBack']).toContain(world.reason())
        world.writes = []
        world.settle(2)
        expect(world.writes).toEqual([])
        expect(world.objects.get('ConfigMap/theirs')).toBe(foreign)
      }),
      { numRuns: 12 }
    )
  })
})
