import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { autoscalerKind } from '../src/controllers/scaler/rivals.ts'
import { deploymentKind } from '../src/controllers/scaler/target.ts'
import { scaler } from '../src/controllers/scaler/types.ts'
import type { KubeClient, KubeObject } from '../src/kube/client.ts'
import { conditionOf } from '../src/kube/conditions.ts'
import { eventually } from '../../test/support/eventually.ts'
import { lagSignal, ScalerStage } from './scaler-stage.ts'

describe('Scaler beside others that scale the same target', () => {
  const prefix = `scaler-${randomBytes(4).toString('hex')}-`
  let stage: ScalerStage

  beforeAll(async () => {
    stage = await ScalerStage.start(
      { binaries: inject('kubernetesBinaries'), directory: inject('temporaryDirectory') + '/scaler-rivals' },
      (client) => installScaledObjects(client, `${prefix}keda`)
    )
  })
  afterAll(async () => {
    await stage.stop()
    expect(stage.faults).toEqual([])
  })

  test('of two Scalers on one target the older one scales, and the other takes over when it is gone', async () => {
    const name = `${prefix}shared`
    await stage.backlog(name, 4, 4000)
    await stage.deploy(name, 1)
    await stage.applyScaler(name, { signals: [lagSignal(name)], replicas: { min: 2, max: 2 } })
    await eventually(async () => (await stage.replicasOf(name)) === 2)
    // Age is told in whole seconds: of two made in the same second the uid would decide.
    const { metadata } = await stage.read(name)
    await eventually(() => Date.now() >= Date.parse(metadata.creationTimestamp ?? '') + 1000)
    // Names are made so that the younger one would come first in every listing.
    const younger = `${prefix}a-shared`
    await stage.applyScaler(younger, { target: { name }, signals: [lagSignal(name)], replicas: { min: 4, max: 4 } })
    await eventually(async () => (await stage.reasonOf(younger)) === 'AnotherScaler')
    expect(conditionOf((await stage.read(younger)).status?.conditions, 'Stalled')?.message).toContain(`default/${name}`)
    expect(await stage.replicasOf(name)).toBe(2)
    await stage.client.delete(scaler, 'default', name)
    await eventually(async () => (await stage.replicasOf(name)) === 4)
  })

  test('next to a HorizontalPodAutoscaler nothing is written', async () => {
    const name = `${prefix}hpa`
    await stage.backlog(name, 4, 4000)
    await stage.deploy(name, 1)
    await stage.client.create<KubeObject>(autoscalerKind, {
      metadata: { namespace: 'default', name },
      spec: {
        maxReplicas: 3,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }
        ]
      }
    })
    await stage.applyScaler(name, { signals: [lagSignal(name)] })
    await eventually(async () => (await stage.reasonOf(name)) === 'AnotherScaler')
    expect((await stage.read(name)).status?.desiredReplicas).toBe(4)
    expect(await stage.replicasOf(name)).toBe(1)
    await stage.client.delete(autoscalerKind, 'default', name)
    await eventually(async () => (await stage.replicasOf(name)) === 4)
  })

  test('next to a ScaledObject nothing is written', async () => {
    const name = `${prefix}keda`
    await stage.backlog(name, 2, 4000)
    await stage.deploy(name, 1)
    await stage.applyScaler(name, { signals: [lagSignal(name)] })
    await eventually(async () => (await stage.reasonOf(name)) === 'AnotherScaler')
    expect(conditionOf((await stage.read(name)).status?.conditions, 'Ready')?.message).toContain('ScaledObject')
    expect(stage.asked.get(name)).toEqual([1])
  })

  test('whoever keeps resetting the replicas is not fought for ever', async () => {
    const name = `${prefix}contested`
    await stage.backlog(name, 2, 4000)
    await stage.deploy(name, 1)
    await stage.applyScaler(name, { signals: [lagSignal(name)] })
    for (let round = 0; round < 3; round++) {
      await eventually(async () => (await stage.replicasOf(name)) === 2)
      const seen = await stage.reconciles()
      await eventually(async () => (await stage.reconciles()) > seen + 10)
      await stage.client.patch(deploymentKind, 'default', name, { spec: { replicas: 1 } })
    }
    await eventually(async () => (await stage.reasonOf(name)) === 'Contested')
    expect(await stage.replicasOf(name)).toBe(1)
  })
})

/** KEDA's kind without KEDA: whether a target has a ScaledObject is all that is asked. */
async function installScaledObjects(client: KubeClient, name: string): Promise<void> {
  await client.apply(
    {
      group: 'apiextensions.k8s.io',
      version: 'v1',
      kind: 'CustomResourceDefinition',
      plural: 'customresourcedefinitions',
      namespaced: false
    },
    {
      metadata: { name: 'scaledobjects.keda.sh' },
      spec: {
        group: 'keda.sh',
        scope: 'Namespaced',
        names: {
          kind: 'ScaledObject',
          plural: 'scaledobjects',
          singular: 'scaledobject',
          listKind: 'ScaledObjectList'
        },
        versions: [
          {
            name: 'v1alpha1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
          }
        ]
      }
    },
    'test'
  )
  await eventually(() =>
    client.create<KubeObject>(
      { group: 'keda.sh', version: 'v1alpha1', kind: 'ScaledObject', plural: 'scaledobjects', namespaced: true },
      {
        metadata: { namespace: 'default', name },
        spec: { scaleTargetRef: { name } }
      }
    )
  )
}
