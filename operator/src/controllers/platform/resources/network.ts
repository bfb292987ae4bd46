import { services, type ServiceDefinition, type Store } from '@gavel/contracts/services.ts'
import type { DesiredObject } from '../../../kube/apply.ts'
import { plainVariables } from './environment.ts'
import { kinds } from './kinds.ts'
import { gatewayName, owned, platformLabel, selectorOf, servicePort, type BuildContext, type Role } from './metadata.ts'
import { readsVault, sendsMail } from './secrets.ts'

export const monitoringPort = 9902

interface Rule {
  from?: unknown[]
  to?: unknown[]
  ports: { protocol: string; port: number }[]
}

const tcp = (...ports: number[]) =>
  [...new Set(ports)].toSorted((a, b) => a - b).map((port) => ({ protocol: 'TCP', port }))
const pods = (matchLabels: Record<string, string>) => ({ podSelector: { matchLabels } })

const portOf = (address: string): number => {
  const { port, protocol } = new URL(address)
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
}

const enabled = ({ spec }: BuildContext): boolean => spec.networkPolicies?.enabled ?? true

/** Nobody reaches a pod of the platform and no pod reaches anybody, except where another policy says so; and all may ask for names. */
export function denyByDefault(context: BuildContext): DesiredObject[] {
  if (!enabled(context)) return []
  const podSelector = { matchLabels: { [platformLabel]: context.platform.metadata.name } }
  const dns = context.spec.networkPolicies?.dnsPort ?? 53
  const name = 'default-deny'
  const to = [{ namespaceSelector: {}, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }]
  const ports = [
    { protocol: 'UDP', port: dns },
    { protocol: 'TCP', port: dns }
  ]
  return [
    owned(
      context,
      kinds.networkPolicy,
      name,
      { of: name, role: 'platform' },
      {
        spec: { podSelector, policyTypes: ['Ingress', 'Egress'], egress: [{ to, ports }] }
      }
    )
  ]
}

/** Where a store is, the operator cannot know: its address is in a Secret. So its port is open, to wherever. */
function storePorts({ spec }: BuildContext, store: Store): number[] {
  const { kafka, postgres, mongodb, redis } = spec.backends
  switch (store) {
    case 'kafka':
      return kafka.brokers.map((broker) => Number(broker.slice(broker.lastIndexOf(':') + 1)))
    case 'postgres':
      return [postgres.port ?? 5432]
    case 'mongodb':
      return [mongodb.port ?? 27_017]
    case 'redis':
      return [redis.port ?? 6379]
    default:
      return store satisfies never
  }
}

const telemetryPorts = ({ spec }: BuildContext): number[] =>
  spec.telemetry ? [portOf(spec.telemetry.otlpEndpoint)] : []

/** The operator, which probes and reads figures, and whoever collects figures. */
function watchers({ spec }: BuildContext): unknown[] {
  const { operatorNamespace, monitoringNamespace } = spec.networkPolicies ?? {}
  const named = (name: string) => ({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } })
  return [
    {
      ...(operatorNamespace === undefined ? { namespaceSelector: {} } : named(operatorNamespace)),
      ...pods({ 'app.kubernetes.io/name': 'gavel-operator' })
    },
    ...(monitoringNamespace === undefined ? [] : [named(monitoringNamespace)])
  ]
}

/**
 * Who calls whom inside: the gateway calls whoever serves it anything, health calls all, whoever checks tokens asks identity, and the list of
 * services says who asks whom besides.
 */
function callersOf(context: BuildContext, service: ServiceDefinition): unknown[] {
  const served = service.operations.length + service.webSockets.length + (service.pages ?? []).length > 0
  const asksForKeys = services.filter((other) => 'JWKS_URL' in plainVariables(context, other))
  return [
    ...(served ? [pods(selectorOf(context, gatewayName, 'gateway'))] : []),
    ...(service.name === 'health' ? [] : [pods(selectorOf(context, 'health', 'service'))]),
    ...(service.name === 'identity' ? asksForKeys.map(({ name }) => pods(selectorOf(context, name, 'service'))) : []),
    ...services
      .filter(({ calls }) => calls?.includes(service.name))
      .map(({ name }) => pods(selectorOf(context, name, 'service'))),
    ...watchers(context)
  ]
}

const vaultPorts = (context: BuildContext, service: ServiceDefinition): number[] =>
  context.spec.vault && readsVault(context, service) ? [portOf(context.spec.vault.address)] : []

function outside(context: BuildContext, service: ServiceDefinition): number[] {
  const { spec } = context
  const { name, stores } = service
  return [
    ...stores.flatMap((store) => storePorts(context, store)),
    // The log goes there, whatever else a service stands on.
    ...storePorts(context, 'kafka'),
    ...(name === 'payment' ? [portOf(spec.payment.provider.url)] : []),
    ...(sendsMail(name) ? [spec.mail.port ?? 587] : []),
    ...vaultPorts(context, service),
    ...telemetryPorts(context)
  ]
}

function policy(context: BuildContext, name: string, role: Role, rules: { ingress?: Rule[]; egress?: Rule[] }) {
  const policyTypes = [...(rules.ingress ? ['Ingress'] : []), ...(rules.egress ? ['Egress'] : [])]
  const podSelector = { matchLabels: selectorOf(context, name, role) }
  const called = role === 'migration' ? `${name}-migrate` : name
  return owned(
    context,
    kinds.networkPolicy,
    called,
    { of: name, role },
    {
      spec: { podSelector, policyTypes, ...rules }
    }
  )
}

export function servicePolicies(context: BuildContext, service: ServiceDefinition): DesiredObject[] {
  if (!enabled(context)) return []
  const { name } = service
  const inside =
    name === 'health'
      ? services.filter((other) => other.name !== name).map((other) => pods(selectorOf(context, other.name, 'service')))
      : [...('JWKS_URL' in plainVariables(context, service) ? ['identity'] : []), ...(service.calls ?? [])].map(
          (other) => pods(selectorOf(context, other, 'service'))
        )
  const ports = outside(context, service)
  const egress: Rule[] = [
    ...(inside.length > 0 ? [{ to: inside, ports: tcp(servicePort) }] : []),
    ...(ports.length > 0 ? [{ ports: tcp(...ports) }] : [])
  ]
  const ingress: Rule[] = [{ from: callersOf(context, service), ports: tcp(servicePort) }]
  return [policy(context, name, 'service', { ingress, ...(egress.length > 0 ? { egress } : {}) })]
}

export function migrationPolicies(context: BuildContext, service: ServiceDefinition): DesiredObject[] {
  if (!enabled(context)) return []
  const ports = [...storePorts(context, 'postgres'), ...vaultPorts(context, service), ...telemetryPorts(context)]
  return [policy(context, service.name, 'migration', { egress: [{ ports: tcp(...ports) }] })]
}

/** The one way in, from anywhere. */
export function gatewayPolicies(context: BuildContext): DesiredObject[] {
  if (!enabled(context)) return []
  const to = services.map(({ name }) => pods(selectorOf(context, name, 'service')))
  const ports = telemetryPorts(context)
  return [
    policy(context, gatewayName, 'gateway', {
      ingress: [{ ports: tcp(servicePort) }, { from: watchers(context), ports: tcp(monitoringPort) }],
      egress: [{ to, ports: tcp(servicePort) }, ...(ports.length > 0 ? [{ ports: tcp(...ports) }] : [])]
    })
  ]
}
