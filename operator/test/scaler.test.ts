import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { deploymentKind } from '../src/controllers/scaler/target.ts'
import { scaler, type ScalerResource } from '../src/controllers/scaler/types.ts'
import type { KubeObject } from '../src/kube/client.ts'
import { conditionOf } from '../src/kube/conditions.ts'
import { eventually } from '../../test/support/eventually.ts'
import { lagSignal, quickDown, ScalerStage, type Deployment } from './scaler-stage.ts'

describe('Scaler on a real API server and a real broker', () => {
  const prefix = `scaler-${randomBytes(4).toString('hex')}-`
  let stage: ScalerStage

  beforeAll(async () => {
    stage = await ScalerStage.start({
      binaries: inject('kubernetesBinaries'),
      directory: inject('temporaryDirectory') + '/scaler'
    })
  })
  afterAll(async () => {
    await stage.stop()
    expect(stage.faults).toEqual([])
  })

  test('a lag of 100,000 messages scales up to the cap and back down, once each way, and says why', async () => {
    const name = `${prefix}rush`
    await stage.backlog(name, 8, 100_000)
    await stage.deploy(name, 1)
    await stage.applyScaler(name, {
      signals: [lagSignal(name, { maxCatchUpSeconds: 5 })],
      behavior: {
        scaleUp: { policies: [{ type: 'Pods', value: 3, periodSeconds: 1 }] },
        scaleDown: { stabilizationWindowSeconds: 2, policies: [{ type: 'Percent', value: 50, periodSeconds: 1 }] }
      }
    })
    await eventually(async () => (await stage.read(name)).status?.currentReplicas === 8)
    const busy = await stage.read(name)
    expect(busy.status?.lag).toBe(100_000)
    expect(busy.status?.decisions?.[0]?.inputs[0]).toMatchObject({ signal: 'lag', wants: 8 })
    expect(busy.status?.decisions?.some(({ clamps }) => clamps.some((clamp) => clamp.name === 'step-up'))).toBe(true)
    expect(conditionOf(busy.status?.conditions, 'Ready')).toMatchObject({ status: 'True', reason: 'Scaling' })
    // Where pods would consume, the offsets are moved on, a slice at a time.
    for (let done = 500; done <= 12_500; done += 500) {
      await stage.commit(
        name,
        Array.from({ length: 8 }, () => done)
      )
      const seen = await stage.reconciles()
      await eventually(async () => (await stage.reconciles()) > seen + 1, { everyMs: 20 })
    }
    await eventually(async () => (await stage.replicasOf(name)) === 1)
    const history = stage.asked.get(name) ?? []
    expect(Math.max(...history)).toBe(8)
    const turns = history.filter((value, index) => {
      const [was, next] = [history[index - 1], history[index + 1]]
      return was !== undefined && next !== undefined && Math.sign(value - was) !== Math.sign(next - value)
    })
    expect(turns).toEqual([8])
    await stage.told(name, ['ScaledUp', 'ScaledDown'])
  })

  test('a converged Scaler costs no write', async () => {
    const name = `${prefix}quiet`
    await stage.backlog(name, 2, 0)
    await stage.deploy(name, 1)
    await stage.applyScaler(name, { signals: [lagSignal(name)] })
    await eventually(async () => (await stage.reasonOf(name)) === 'Scaling')
    const settled = await stage.reconciles()
    await eventually(async () => (await stage.reconciles()) > settled + 10)
    const { metadata } = await stage.read(name)
    const from = await stage.reconciles()
    stage.requests.length = 0
    await eventually(async () => (await stage.reconciles()) > from + 30)
    expect((await stage.read(name)).metadata.resourceVersion).toBe(metadata.resourceVersion)
    expect(stage.requests.filter((request) => /^(apply|patch|create|update|delete)/.test(request))).toEqual([])
  })

  test('anything with a scale subresource is a target, such as a StatefulSet', async () => {
    const name = `${prefix}set`
    const kind = { ...deploymentKind, kind: 'StatefulSet', plural: 'statefulsets' }
    await stage.backlog(name, 2, 4000)
    await stage.client.create<KubeObject>(kind, {
      metadata: { namespace: 'default', name },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers: [{ name, image: name }] } }
      }
    })
    await stage.applyScaler(name, { target: { kind: 'StatefulSet', name }, signals: [lagSignal(name)] })
    await eventually(async () => (await stage.client.get<Deployment>(kind, 'default', name)).spec.replicas === 2)
  })

  test('Recommend explains and writes nothing; Auto then does what was recommended', async () => {
    const name = `${prefix}recommended`
    await stage.backlog(name, 4, 4000)
    await stage.deploy(name, 1)
    await stage.applyScaler(name, { mode: 'Recommend', signals: [lagSignal(name)] })
    await eventually(async () => (await stage.read(name)).status?.desiredReplicas === 4)
    await stage.told(name, ['Recommended'])
    const { status } = await stage.read(name)
    expect(status?.decisions?.[0]).toMatchObject({ from: 1, to: 4, applied: false })
    expect(stage.asked.get(name)).toEqual([1])
    await stage.applyScaler(name, { mode: 'Auto', signals: [lagSignal(name)] })
    await eventually(async () => (await stage.replicasOf(name)) === 4)
  })

  test('paused, nothing changes; and pausedIn still lets it grow', async () => {
    const name = `${prefix}paused`
    await stage.backlog(name, 4, 4000)
    await stage.deploy(name, 2)
    await stage.applyScaler(name, { paused: true, signals: [lagSignal(name)], behavior: quickDown })
    await eventually(async () => (await stage.reasonOf(name)) === 'Paused')
    await eventually(async () => (await stage.read(name)).status?.decisions?.[0]?.clamps.at(-1)?.name === 'paused')
    expect(stage.asked.get(name)).toEqual([2])
    await stage.applyScaler(name, { pausedIn: true, signals: [lagSignal(name)], behavior: quickDown })
    await eventually(async () => (await stage.replicasOf(name)) === 4)
    await stage.commit(name, [1000, 1000, 1000, 1000])
    await eventually(async () =>
      (await stage.read(name)).status?.decisions?.[0]?.clamps.some((clamp) => clamp.name === 'paused-in')
    )
    expect(await stage.replicasOf(name)).toBe(4)
  })

  test('to zero through one, awake again, and what was there before is restored on deletion', async () => {
    const name = `${prefix}asleep`
    await stage.backlog(name, 2, 200)
    await stage.commit(name, [100, 100])
    await stage.deploy(name, 2)
    await stage.applyScaler(name, {
      signals: [lagSignal(name)],
      replicas: { min: 0, max: 4 },
      behavior: quickDown,
      scaleToZero: { coolDownSeconds: 3 },
      onDelete: 'Restore'
    })
    await eventually(async () => (await stage.replicasOf(name)) === 0)
    expect(stage.asked.get(name)).toEqual([2, 1, 0])
    await stage.commit(name, [50, 100])
    await eventually(async () => (await stage.replicasOf(name)) === 1)
    await stage.told(name, ['ScaledDown', 'ScaledToZero', 'Activated'])
    await stage.client.delete(scaler, 'default', name)
    await eventually(async () => (await stage.client.find(scaler, 'default', name)) === undefined)
    expect(await stage.replicasOf(name)).toBe(2)
  })

  test('a topic that cannot be read is missing data and no zero lag; a target that is not there is told', async () => {
    const name = `${prefix}missing`
    await stage.deploy(name, 3)
    await stage.applyScaler(name, { signals: [lagSignal(name)], behavior: quickDown })
    await eventually(async () => (await stage.reasonOf(name, 'Fallback')) === 'SignalsMissing')
    expect((await stage.read(name)).status?.decisions?.[0]?.clamps.map((clamp) => clamp.name)).toContain('missing-data')
    expect(await stage.replicasOf(name)).toBe(3)
    const nobody = `${prefix}nobody`
    await stage.applyScaler(nobody, { signals: [lagSignal(name)] })
    await eventually(async () => (await stage.reasonOf(nobody)) === 'TargetNotFound')
    await stage.applyScaler(`${nobody}-config`, {
      target: { apiVersion: 'v1', kind: 'ConfigMap', name: 'x' },
      signals: [lagSignal(name)]
    })
    await eventually(async () => (await stage.reasonOf(`${nobody}-config`)) === 'NotScalable')
  })

  test('one partition that does not move is named, and drives nothing up', async () => {
    const name = `${prefix}stalled`
    await stage.backlog(name, 4, 4000)
    await stage.commit(name, [1000, 1000, 10, 1000])
    await stage.deploy(name, 1)
    await stage.applyScaler(name, { signals: [lagSignal(name, { lagPerReplica: 500 })] })
    await eventually(
      async () => conditionOf((await stage.read(name)).status?.conditions, 'ScalingCannotHelp')?.status === 'True'
    )
    expect(conditionOf((await stage.read(name)).status?.conditions, 'ScalingCannotHelp')?.message).toContain(
      `${name}/2`
    )
    expect(stage.asked.get(name)).toEqual([1])
  })

  test('after a restart it goes on from status, without a change and without telling the same again', async () => {
    const name = `${prefix}restarted`
    await stage.backlog(name, 4, 4000)
    await stage.deploy(name, 1)
    await stage.applyScaler(name, { signals: [lagSignal(name)] })
    await eventually(async () => (await stage.replicasOf(name)) === 4)
    await eventually(async () => (await stage.read(name)).status?.currentReplicas === 4)
    const { status } = await stage.read(name)
    await stage.restart()
    await eventually(async () => (await stage.reconciles()) > 20)
    expect(stage.asked.get(name)).toEqual([1, 4])
    expect((await stage.read(name)).status?.decisions?.at(-1)).toEqual(status?.decisions?.at(-1))
  })

  test.each([
    [
      'a signal of two kinds',
      {
        signals: [
          { name: 'both', kafkaLag: { group: 'g', topics: ['t'] }, auctionCalendar: { url: 'http://x', perReplica: 1 } }
        ]
      },
      /exactly one of/
    ],
    [
      'a calendar alone',
      { signals: [{ name: 'calendar', auctionCalendar: { url: 'http://x', perReplica: 1 } }] },
      /a floor only/
    ],
    ['a minimum above the maximum', { signals: [lagSignal('x')], replicas: { min: 3, max: 2 } }, /must not be above/],
    [
      'a rate without a source',
      { signals: [{ name: 'bids', bidsPerSecond: { perReplica: 1 } }] },
      /prometheus or endpoint/
    ],
    [
      'a fallback without a number',
      { signals: [lagSignal('x')], fallback: { behavior: 'Replicas' as const } },
      /needs fallback.replicas/
    ]
  ])('the API server refuses %s', async (_what, spec, message) => {
    await expect(stage.applyScaler(`${prefix}refused`, spec)).rejects.toThrow(message)
  })

  test('the samples are accepted', async () => {
    const text = readFileSync(join(import.meta.dirname, '..', '..', 'k8s', 'samples', 'scaler.yaml'), 'utf8')
    for (const document of parseAllDocuments(text)) {
      const sample = document.toJS() as ScalerResource
      const applied = await stage.client.apply<ScalerResource>(
        scaler,
        { ...sample, metadata: { ...sample.metadata, namespace: 'default' } },
        'test'
      )
      expect(applied.spec.target.apiVersion).toBe('apps/v1')
      await eventually(async () => (await stage.reasonOf(sample.metadata.name)) === 'TargetNotFound')
    }
  })
})
