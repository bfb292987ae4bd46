import { services, serviceNamed } from '@gavel/contracts/services.ts'
import { describe, expect, test } from 'vitest'
import { aContext } from '../a-platform.ts'
import { denyByDefault, servicePolicies } from './network.ts'
import { serviceConfigMap } from './workload.ts'

describe('NetworkPolicies', () => {
  const context = aContext({
    networkPolicies: { operatorNamespace: 'gavel-system', monitoringNamespace: 'monitoring' }
  })
  const pods = (name: string, component = 'service') => ({
    podSelector: {
      matchLabels: {
        'app.kubernetes.io/name': name,
        'app.kubernetes.io/component': component,
        'gavel.dev/platform': 'gavel'
      }
    }
  })
  const namespace = (name: string) => ({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } })
  const watchers = [
    { ...namespace('gavel-system'), podSelector: { matchLabels: { 'app.kubernetes.io/name': 'gavel-operator' } } },
    namespace('monitoring')
  ]
  const tcp = (...ports: number[]) => ports.map((port) => ({ protocol: 'TCP', port }))
  const rules = (name: string) => servicePolicies(context, serviceNamed(name))[0]?.object['spec']

  test('nobody but the platform’s own pods is denied, and names can be asked for', () => {
    expect(denyByDefault(context)[0]?.object['spec']).toEqual({
      podSelector: { matchLabels: { 'gavel.dev/platform': 'gavel' } },
      policyTypes: ['Ingress', 'Egress'],
      egress: [
        {
          to: [{ namespaceSelector: {}, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }],
          ports: [{ protocol: 'UDP', port: 53 }, ...tcp(53)]
        }
      ]
    })
  })

  test('payment: from the gateway, health and the watchers; to identity, its stores and the provider', () => {
    expect(rules('payment')).toEqual({
      podSelector: pods('payment').podSelector,
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [pods('gateway', 'gateway'), pods('health'), ...watchers], ports: tcp(8080) }],
      egress: [{ to: [pods('identity')], ports: tcp(8080) }, { ports: tcp(443, 5432, 9092) }]
    })
  })

  test('identity is asked for its keys by whoever checks tokens, and web speaks with the brokers alone, to which it ships its log', () => {
    const { ingress } = rules('identity') as { ingress: { from: unknown[] }[] }
    for (const name of ['catalog', 'bidding', 'inventory', 'payment', 'order', 'notification'])
      expect(ingress[0]?.from).toContainEqual(pods(name))
    expect(ingress[0]?.from).not.toContainEqual(pods('web'))
    expect(rules('web')).toMatchObject({ egress: [{ ports: tcp(9092) }] })
  })

  test('who asks another service for something, as the list of services has it, is told its address and let through', () => {
    const asking = services.flatMap(({ name, calls = [] }) => calls.map((other) => [name, other] as const))
    expect(asking).toContainEqual(['catalog', 'eventlog'])
    for (const [name, other] of asking) {
      expect((rules(other) as { ingress: { from: unknown[] }[] }).ingress[0]?.from).toContainEqual(pods(name))
      expect((rules(name) as { egress: { to: unknown[] }[] }).egress[0]?.to).toContainEqual(pods(other))
      expect(serviceConfigMap(context, serviceNamed(name)).object['data']).toMatchObject({
        [`${other.toUpperCase()}_URL`]: `http://${other}:8080`
      })
    }
  })
})
