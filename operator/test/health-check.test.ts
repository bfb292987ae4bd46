import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { KubeObject, ResourceKind } from '../src/kube/client.ts'
import { conditionOf } from '../src/kube/conditions.ts'
import { probeKinds } from '../src/controllers/health-check/spec.ts'
import { healthCheck, type HealthCheckResource, type HealthCheckSpec } from '../src/controllers/health-check/types.ts'
import { eventually } from '../../test/support/eventually.ts'
import { HealthCheckWorld } from './health-check-world.ts'

const kindOf = (group: string, kind: string, plural: string): ResourceKind => ({
  group,
  version: 'v1',
  kind,
  plural,
  namespaced: true
})
const eventKind = kindOf('events.k8s.io', 'Event', 'events')
const deployments = kindOf('apps', 'Deployment', 'deployments')
const secrets = kindOf('', 'Secret', 'secrets')

describe('HealthCheck on a real API server', () => {
  const world = new HealthCheckWorld('health-check')
  const events = async (name: string) =>
    (await world.client.list(eventKind, 'default')).items
      .filter((event) => (event['regarding'] as { name?: string }).name === name)
      .map((event) => event['reason'])

  /** An HTTP server whose answer the test decides; `undefined` is silence. */
  async function startTarget() {
    const target = {
      answer: { status: 200, body: 'well' } as { status: number; body: string } | undefined,
      asked: 0,
      headers: {} as IncomingHttpHeaders,
      url: '',
      server: undefined as unknown as Server,
      [Symbol.asyncDispose]: async () => {
        target.server.closeAllConnections()
        if (target.server.listening) await new Promise((resolve) => target.server.close(resolve))
      }
    }
    target.server = createServer((request, response) => {
      target.asked++
      target.headers = request.headers
      if (target.answer) response.writeHead(target.answer.status).end(target.answer.body)
    })
    await once(target.server.listen(0, '127.0.0.1'), 'listening')
    target.url = `http://127.0.0.1:${(target.server.address() as AddressInfo).port}/`
    return target
  }

  test('an HTTP target is followed up, down, slow and up again, each change told once', async () => {
    await using target = await startTarget()
    await world.apply('web', { http: { url: target.url }, timeoutSeconds: 1 })
    expect((await world.turns('web', 'Passing')).target).toBe(`GET ${target.url}`)
    target.answer = { status: 503, body: '' }
    const failing = await world.turns('web', 'Failing', /answered 503, expected 2xx/)
    expect(conditionOf(failing.conditions, 'Ready')).toMatchObject({ status: 'False', reason: 'Failing' })
    target.answer = undefined
    await world.turns('web', 'Failing', /no answer within 1000 ms/)
    target.answer = { status: 200, body: '' }
    const passing = await world.turns('web', 'Passing')
    expect(conditionOf(passing.conditions, 'Ready')).toMatchObject({ status: 'True', reason: 'Passing' })
    expect(passing.history?.map(({ outcome }) => outcome)).toEqual(['Passing', 'Failing', 'Passing'])
    await eventually(async () => (await events('web')).filter((reason) => reason === 'Failing').length === 1)
  })

  test('a failure below the threshold is not told', async () => {
    await using target = await startTarget()
    await world.apply('patient', { http: { url: target.url }, failureThreshold: 3 })
    await world.turns('patient', 'Passing')
    const { metadata } = await world.client.get(healthCheck, 'default', 'patient')
    target.answer = { status: 500, body: '' }
    const asked = target.asked
    await eventually(() => target.asked >= asked + 2)
    target.answer = { status: 200, body: '' }
    await eventually(() => target.asked >= asked + 4)
    expect((await world.client.get(healthCheck, 'default', 'patient')).metadata.resourceVersion).toBe(
      metadata.resourceVersion
    )
  })

  test('headers come from a Secret; without it nothing is concluded', async () => {
    await using target = await startTarget()
    await world.apply('secret', { http: { url: target.url, headersFromSecret: 'headers', bodyContains: 'well' } })
    await world.turns('secret', 'Inconclusive', /Secret headers/)
    expect(target.asked).toBe(0)
    await world.client.create(secrets, {
      metadata: { namespace: 'default', name: 'more-headers' },
      data: { 'x-key': Buffer.from('value').toString('base64') }
    })
    await world.apply('secret', { http: { url: target.url, headersFromSecret: 'more-headers', bodyContains: 'well' } })
    await world.turns('secret', 'Passing')
    expect(target.headers['x-key']).toBe('value')
  })

  test('a TCP port that closes is named', async () => {
    await using target = await startTarget()
    const { port } = target.server.address() as AddressInfo
    await world.apply('port', { tcp: { host: '127.0.0.1', port } })
    await world.turns('port', 'Passing')
    await target[Symbol.asyncDispose]()
    expect((await world.turns('port', 'Failing')).message).toBe(`tcp 127.0.0.1:${port}: ECONNREFUSED`)
  })

  test('a Prometheus value out of bounds names its labels; Prometheus away is inconclusive', async () => {
    await using target = await startTarget()
    const answer = (value: string) => ({
      status: 200,
      body: JSON.stringify({
        data: { resultType: 'vector', result: [{ metric: { service: 'a' }, value: [0, value] }] }
      })
    })
    target.answer = answer('3')
    await world.apply('query', { prometheus: { url: target.url, query: 'up', min: 1, max: 10 } })
    await world.turns('query', 'Passing')
    target.answer = answer('30')
    await world.turns('query', 'Failing', /of service=a is 30, outside 1 to 10/)
    target.answer = { status: 503, body: '' }
    expect((await world.turns('query', 'Inconclusive')).message).toMatch(/Prometheus answered 503/)
  })

  const aDeployment = (name: string) =>
    world.client.create(deployments, {
      metadata: { namespace: 'default', name },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers: [{ name, image: 'none' }] } }
      }
    })

  test('a rollout passes when its replicas are available', async () => {
    await world.apply('rollout', { rollout: { kind: 'Deployment', name: 'rolled' } })
    await world.turns('rollout', 'Failing', /Deployment rolled does not exist/)
    await aDeployment('rolled')
    const available = (count: number) =>
      world.client.patch(
        deployments,
        'default',
        'rolled',
        { status: { observedGeneration: 1, replicas: 2, readyReplicas: count, availableReplicas: count } },
        'status'
      )
    await available(1)
    await world.turns('rollout', 'Failing', /1 of 2 replicas available/)
    await available(2)
    expect((await world.turns('rollout', 'Passing')).message).toBe('Deployment rolled has 2 of 2 replicas available')
  })

  const restartedAt = (deployment: KubeObject): string | undefined =>
    (deployment['spec'] as { template: { metadata: { annotations?: Record<string, string> } } }).template.metadata
      .annotations?.['kubectl.kubernetes.io/restartedAt']

  test('a failing check restarts its Deployment as often as the budget allows; in a dry run never', async () => {
    await using target = await startTarget()
    target.answer = { status: 500, body: '' }
    await aDeployment('restarted')
    await aDeployment('spared')
    const restart = (deployment: string) => ({ deployment, budgetPerHour: 2, waitSeconds: 1 })
    await world.apply('spares', { http: { url: target.url }, restart: restart('spared'), dryRun: true })
    await world.apply('restarts', { http: { url: target.url }, restart: restart('restarted') })
    await eventually(async () => (await events('restarts')).includes('RestartBudgetSpent'))
    const asked = target.asked
    await eventually(() => target.asked >= asked + 4)
    const deployment = await world.client.get(deployments, 'default', 'restarted')
    expect(deployment.metadata.generation).toBe(3)
    const { restarts } = (await world.statusOf('restarts')) ?? {}
    expect(restarts).toHaveLength(2)
    expect(restartedAt(deployment)).toBe(restarts?.[0])
    expect((await events('restarts')).filter((reason) => reason === 'RestartBudgetSpent')).toHaveLength(1)

    const dry = await world.turns('spares', 'Failing')
    expect(conditionOf(dry.conditions, 'Ready')).toMatchObject({ status: 'True', reason: 'DryRun' })
    expect(restartedAt(await world.client.get(deployments, 'default', 'spared'))).toBeUndefined()
  })

  test('a suspended check asks nothing, and goes on when it is resumed', async () => {
    await using target = await startTarget()
    await using other = await startTarget()
    await world.apply('paused', { http: { url: target.url } })
    await world.turns('paused', 'Passing')
    await world.apply('paused', { http: { url: target.url }, suspend: true })
    const status = await world.turns('paused', 'Inconclusive', /Suspended by spec.suspend/)
    expect(conditionOf(status.conditions, 'Ready')).toMatchObject({ status: 'Unknown', reason: 'Suspended' })
    const asked = target.asked
    // Another check with the same interval is the clock.
    await world.apply('beside', { http: { url: other.url } })
    await eventually(() => other.asked >= 3)
    expect(target.asked).toBe(asked)
    await world.apply('paused', { http: { url: target.url } })
    await world.turns('paused', 'Passing')
    expect(target.asked).toBeGreaterThan(asked)
  })

  test('while nothing changes nothing is written', async () => {
    await using target = await startTarget()
    await world.apply('quiet', { http: { url: target.url } })
    await world.turns('quiet', 'Passing')
    await eventually(async () => (await events('quiet')).includes('Passing'))
    const asked = target.asked
    world.requests.length = 0
    await eventually(() => target.asked >= asked + 4)
    expect(world.requests).toEqual([])
  })

  test.each<[string, object, RegExp]>([
    [
      'two probes in one check',
      { http: { url: 'http://a' }, tcp: { host: 'a', port: 1 } },
      /exactly one of http, tcp, consumerGroup, prometheus, rollout, syntheticSale must be given/
    ],
    ['none', {}, /exactly one of/],
    ['a query without bounds', { prometheus: { url: 'http://a', query: 'up' } }, /needs min, max or both/],
    [
      'bounds the wrong way round',
      { prometheus: { url: 'http://a', query: 'up', min: 2, max: 1 } },
      /must not be above/
    ],
    ['a port that is none', { tcp: { host: 'a', port: 70_000 } }, /65535/],
    [
      'a synthetic sale of a product that is not marked',
      { syntheticSale: { gatewayUrl: 'http://a', credentialsSecret: 's', productId: 'chair' } },
      /productId/
    ]
  ])('the API server refuses %s', async (_what, spec, message) => {
    await expect(world.apply('refused', spec as HealthCheckSpec)).rejects.toThrow(message)
  })

  test('the samples are what the API server takes', async () => {
    const directory = join(import.meta.dirname, '..', '..', 'k8s', 'samples')
    const files = readdirSync(directory).filter((file) => file.startsWith('health-check'))
    const samples = files.flatMap((file) =>
      parseAllDocuments(readFileSync(join(directory, file), 'utf8')).map((document) => document.toJS() as KubeObject)
    )
    const checks = samples.filter(({ kind }) => kind === 'HealthCheck')
    for (const { metadata, spec } of checks)
      await world.client.apply(healthCheck, { metadata: { ...metadata, namespace: 'default' }, spec }, 'test')
    const probed = checks.flatMap(({ spec }) => probeKinds.filter((kind) => kind in (spec as object)))
    expect(new Set(probed)).toEqual(new Set(probeKinds))
    await eventually(async () => {
      const { items } = await world.client.list<HealthCheckResource>(healthCheck, 'default')
      return items.length === checks.length && items.every(({ status }) => status?.target)
    })
  })
})
