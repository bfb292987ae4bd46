import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { KubeClient, type KubeObject, type ResourceKind } from '../src/kube/client.ts'
import { Reflector } from '../src/kube/reflector.ts'
import { WatchCanary } from '../src/kube/canary.ts'
import { startApiServer, type ApiServer } from '../../test/cluster/api-server.ts'
import { startFaultProxy, type FaultProxy, type FaultRule } from './fault-proxy.ts'
import { eventually } from '../../test/support/eventually.ts'

const configMaps: ResourceKind = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true }

describe('the reflector in front of a real API server that misbehaves', () => {
  let api: ApiServer
  let direct: KubeClient
  let proxy: FaultProxy
  let stops: (() => Promise<void>)[] = []
  let count = 0

  beforeAll(async () => {
    api = await startApiServer({
      binaries: inject('kubernetesBinaries'),
      directory: inject('temporaryDirectory') + '/reflector'
    })
    direct = new KubeClient(api.config)
    proxy = await startFaultProxy(api)
  })
  afterEach(async () => {
    proxy.rule = () => undefined
    for (const stop of stops.splice(0)) await stop()
    stops = []
  })
  afterAll(async () => {
    await proxy.stop()
    await api.stop()
  })

  const namespaces: ResourceKind = {
    group: '',
    version: 'v1',
    kind: 'Namespace',
    plural: 'namespaces',
    namespaced: false
  }
  const freshNamespace = async (): Promise<string> => {
    const name = `reflector-${++count}`
    await direct.create(namespaces, { metadata: { name } })
    return name
  }
  const write = (namespace: string, name: string, value: string) =>
    direct.apply(configMaps, { metadata: { namespace, name }, data: { value } }, 'test')
  const reflect = (namespace: string, more: Partial<ConstructorParameters<typeof Reflector>[0]> = {}): Reflector => {
    const reflector = new Reflector({
      client: new KubeClient(proxy.config),
      kind: configMaps,
      namespace,
      backOffMs: 10,
      backOffMaxMs: 200,
      ...more
    })
    stops.push(() => reflector.stop())
    return reflector
  }
  const value = (reflector: Reflector, namespace: string, name: string) =>
    (reflector.get(`${namespace}/${name}`)?.['data'] as Record<string, string> | undefined)?.['value']

  test('lists by pages and then sees every change', async () => {
    const namespace = await freshNamespace()
    for (let index = 0; index < 7; index++) await write(namespace, `map-${index}`, 'old')
    const reflector = reflect(namespace, { pageSize: 2 })
    await reflector.start()
    expect(reflector.size).toBe(7)
    await write(namespace, 'map-3', 'new')
    await direct.delete(configMaps, namespace, 'map-5')
    await eventually(() => expect([value(reflector, namespace, 'map-3'), reflector.size]).toEqual(['new', 6]))
    expect(reflector.relists).toBe(1)
  })

  /** Answers the first watches with a fault; what is written meanwhile must still be seen. */
  const faults: [string, FaultRule, { relists: number }][] = [
    ['HTTP 500', { do: 'answer', status: 500 }, { relists: 1 }],
    [
      'HTTP 429 with Retry-After',
      { do: 'answer', status: 429, reason: 'TooManyRequests', retryAfterSeconds: 1 },
      { relists: 1 }
    ],
    ['HTTP 410', { do: 'answer', status: 410, reason: 'Expired' }, { relists: 4 }],
    ['an ERROR event 410', { do: 'error-event', code: 410, reason: 'Expired' }, { relists: 4 }],
    ['an ERROR event 500', { do: 'error-event', code: 500, reason: 'InternalError' }, { relists: 1 }],
    ['a reset', { do: 'reset' }, { relists: 1 }],
    ['silence', { do: 'silence' }, { relists: 1 }]
  ]
  test.each(faults)('after %s on three watches nothing is missed', async (_name, fault, expected) => {
    const namespace = await freshNamespace()
    await write(namespace, 'kept', 'old')
    await write(namespace, 'gone', 'old')
    let left = 3
    proxy.rule = ({ isWatch, url }) => (isWatch && url.includes(namespace) && left-- > 0 ? fault : undefined)
    const deleted: string[] = []
    const reflector = reflect(namespace, { silenceMs: 300 })
    reflector.onEvent(({ type, key }) => void (type === 'deleted' && deleted.push(key)))
    await reflector.start()
    await write(namespace, 'kept', 'new')
    await write(namespace, 'added', 'new')
    await direct.delete(configMaps, namespace, 'gone')
    await eventually(() =>
      expect([value(reflector, namespace, 'kept'), value(reflector, namespace, 'added'), reflector.size]).toEqual([
        'new',
        'new',
        2
      ])
    )
    expect(deleted).toEqual([`${namespace}/gone`])
    // A list may bring everything before the last fault has been met.
    await eventually(() => expect(reflector.relists).toBe(expected.relists))
  })

  test('a first list that fails is asked for again until it works', async () => {
    const namespace = await freshNamespace()
    await write(namespace, 'one', 'x')
    let left = 3
    const heard: unknown[] = []
    proxy.rule = ({ isWatch, url }) =>
      !isWatch && url.includes(namespace) && left-- > 0 ? { do: 'answer', status: 503 } : undefined
    const reflector = reflect(namespace, { onFault: (fault) => heard.push(fault) })
    await reflector.start()
    expect(reflector.size).toBe(1)
    expect(heard).toHaveLength(3)
  })

  test('a cut connection goes on from the version it had, without a new list', async () => {
    const namespace = await freshNamespace()
    const reflector = reflect(namespace)
    await reflector.start()
    for (let round = 0; round < 5; round++) {
      proxy.cutAll()
      await write(namespace, 'counter', String(round))
      await eventually(() => expect(value(reflector, namespace, 'counter')).toBe(String(round)))
    }
    expect(reflector.relists).toBe(1)
  })

  test('nothing of managedFields is kept', async () => {
    const namespace = await freshNamespace()
    await write(namespace, 'one', 'x')
    const reflector = reflect(namespace)
    await reflector.start()
    expect((reflector.get(`${namespace}/one`) as KubeObject).metadata.managedFields).toBeUndefined()
  })

  test('the canary comes back through a healthy watch and is overdue through a silent one', async () => {
    const namespace = await freshNamespace()
    const canary = new WatchCanary({ client: new KubeClient(proxy.config), namespace, name: 'canary', everyMs: 50 })
    stops.push(() => canary.stop())
    await canary.start()
    await eventually(() => expect(canary.roundTripMs).toBeGreaterThan(0))
    proxy.rule = ({ isWatch, url }) => (isWatch && url.includes(namespace) ? { do: 'silence' } : undefined)
    proxy.cutAll()
    await eventually(() => expect(canary.overdueMs()).toBeGreaterThan(1000))
    proxy.rule = () => undefined
    proxy.cutAll()
    await eventually(() => expect(canary.overdueMs()).toBeLessThan(1000))
  })
})
