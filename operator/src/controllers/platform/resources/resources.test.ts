import { services, serviceNamed } from '@gavel/contracts/services.ts'
import { parse } from 'yaml'
import { describe, expect, test } from 'vitest'
import { aContext } from '../a-platform.ts'
import { componentsOf } from './components.ts'
import { gatewayConfigMap, gatewayDeployment, gatewayService } from './gateway.ts'
import { migrationJob } from './migration.ts'
import { clusterService, disruptionBudget, serviceAccount, serviceConfigMap, serviceDeployment } from './workload.ts'
import { scalerResource } from './scaling.ts'
import { serviceHealthChecks } from './health-checks.ts'
import { topicResources } from './topics.ts'
import { inOrder } from './metadata.ts'

interface PodSpec {
  securityContext: Record<string, unknown>
  automountServiceAccountToken: boolean
  terminationGracePeriodSeconds: number
  containers: {
    image: string
    env: unknown[]
    securityContext: Record<string, unknown>
    lifecycle: { preStop: { sleep?: { seconds: number }; exec?: { command: string[] } } }
    [field: string]: unknown
  }[]
}
const podOf = ({ object }: { object: Record<string, unknown> }): PodSpec =>
  (object['spec'] as { template: { spec: PodSpec } }).template.spec

const labels = {
  'app.kubernetes.io/name': 'order',
  'app.kubernetes.io/component': 'service',
  'gavel.dev/platform': 'gavel',
  'gavel.dev/service': 'order',
  'app.kubernetes.io/part-of': 'gavel',
  'app.kubernetes.io/managed-by': 'gavel-operator',
  'app.kubernetes.io/version': '1.0.0'
}
const selector = {
  'app.kubernetes.io/name': 'order',
  'app.kubernetes.io/component': 'service',
  'gavel.dev/platform': 'gavel'
}
const metadata = {
  name: 'order',
  namespace: 'shop',
  labels,
  ownerReferences: [
    {
      apiVersion: 'gavel.dev/v1alpha1',
      kind: 'Platform',
      name: 'gavel',
      uid: 'platform-uid',
      controller: true,
      blockOwnerDeletion: true
    }
  ]
}
const http = (path: string, more: object) => ({ httpGet: { path, port: 'http' }, timeoutSeconds: 3, ...more })

describe('the objects of a service', () => {
  const context = aContext()
  const order = serviceNamed('order')
  const configMap = serviceConfigMap(context, order)

  test('its ConfigMap is named by what is in it, and cannot change', () => {
    expect(configMap.object).toEqual({
      metadata: { ...metadata, name: expect.stringMatching(/^order-[0-9a-f]{10}$/) },
      immutable: true,
      data: {
        PORT: '8080',
        DRAIN_TIMEOUT_MS: '20000',
        SETTINGS_FILE: '/etc/gavel/settings.json',
        KAFKA_BROKERS: 'kafka-0.kafka:9092,kafka-1.kafka:9092',
        LOG_KAFKA_BROKERS: 'kafka-0.kafka:9092,kafka-1.kafka:9092',
        JWKS_URL: 'http://identity:8080/.well-known/jwks.json',
        POSTGRES_URL_FILE: '/var/run/secrets/gavel/POSTGRES_URL',
        POSTGRES_URL_TEMPLATE: '$(SECRET)/order'
      }
    })
    const other = serviceConfigMap(aContext({ services: { order: { env: { LOG_LEVEL: 'debug' } } } }), order)
    expect(other.object.metadata.name).not.toBe(configMap.object.metadata.name)
  })

  test('its ServiceAccount has no token', () => {
    expect(serviceAccount(context, 'order', 'service').object).toEqual({
      metadata,
      automountServiceAccountToken: false
    })
  })

  test('its Deployment', () => {
    const overMachines = {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: selector },
      matchLabelKeys: ['pod-template-hash']
    }
    const anotherZone = { topologyKey: 'topology.kubernetes.io/zone', labelSelector: { matchLabels: selector } }
    expect(serviceDeployment(aContext({ scaling: { enabled: false } }), order).object).toEqual({
      metadata,
      spec: {
        replicas: 2,
        revisionHistoryLimit: 3,
        progressDeadlineSeconds: 300,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        selector: { matchLabels: selector },
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: 'order',
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: 10_001,
              runAsGroup: 10_001,
              fsGroup: 10_001,
              seccompProfile: { type: 'RuntimeDefault' }
            },
            terminationGracePeriodSeconds: 35,
            topologySpreadConstraints: [overMachines],
            affinity: {
              podAntiAffinity: {
                preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: anotherZone }]
              }
            },
            volumes: [
              { name: 'tmp', emptyDir: { sizeLimit: '64Mi' } },
              {
                name: 'secrets',
                projected: {
                  defaultMode: 0o440,
                  sources: [{ secret: { name: 'postgres', items: [{ key: 'url', path: 'POSTGRES_URL' }] } }]
                }
              },
              { name: 'settings', configMap: { name: 'order-settings', optional: true } }
            ],
            containers: [
              {
                name: 'order',
                image: 'registry.example/gavel-order:1.0.0',
                imagePullPolicy: 'IfNotPresent',
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  runAsNonRoot: true,
                  capabilities: { drop: ['ALL'] },
                  seccompProfile: { type: 'RuntimeDefault' }
                },
                resources: { requests: { cpu: '100m', memory: '160Mi' }, limits: { memory: '512Mi' } },
                envFrom: [{ configMapRef: { name: configMap.object.metadata.name } }],
                volumeMounts: [
                  { name: 'tmp', mountPath: '/tmp' },
                  { name: 'secrets', mountPath: '/var/run/secrets/gavel', readOnly: true },
                  { name: 'settings', mountPath: '/etc/gavel', readOnly: true }
                ],
                ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
                startupProbe: http('/livez', { periodSeconds: 2, failureThreshold: 90 }),
                livenessProbe: http('/livez', { periodSeconds: 10, failureThreshold: 3 }),
                readinessProbe: http('/readyz', { periodSeconds: 5, failureThreshold: 2 }),
                lifecycle: { preStop: { sleep: { seconds: 5 } } }
              }
            ]
          }
        }
      }
    })
  })

  test('its Service and its PodDisruptionBudget', () => {
    expect(clusterService(context, order).object['spec']).toEqual({
      type: 'ClusterIP',
      selector,
      ports: [{ name: 'http', port: 8080, targetPort: 'http', protocol: 'TCP' }]
    })
    expect(disruptionBudget(context, 'order', 'service').object['spec']).toEqual({
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector: { matchLabels: selector }
    })
  })

  test('a service may have an image of its own', () => {
    const own = aContext({ services: { order: { image: 'registry.example/try:order-1' } } })
    expect(podOf(serviceDeployment(own, order)).containers[0]?.image).toBe('registry.example/try:order-1')
    expect(podOf(migrationJob(own, order)).containers[0]?.image).toBe('registry.example/try:order-1')
    expect(podOf(serviceDeployment(own, serviceNamed('payment'))).containers[0]?.image).toBe(
      'registry.example/gavel-payment:1.0.0'
    )
  })

  test('only bidding, where the gateway must see each pod, is headless', () => {
    const headless = services.filter(
      (service) => (clusterService(context, service).object['spec'] as { clusterIP?: string }).clusterIP === 'None'
    )
    expect(headless.map(({ name }) => name)).toEqual(['bidding'])
  })

  test('its migration is its own container with one variable more, and another spec is another Job', () => {
    const job = migrationJob(context, order)
    const [container] = podOf(job).containers
    expect(container?.env).toContainEqual({ name: 'MIGRATE_ONLY', value: 'true' })
    expect(container?.image).toBe('registry.example/gavel-order:1.0.0')
    expect(
      (job.object['spec'] as { template: { metadata: { labels: object } } }).template.metadata.labels
    ).toMatchObject({
      'app.kubernetes.io/component': 'migration'
    })
    expect(migrationJob(aContext({ version: '1.0.1' }), order).object.metadata.name).not.toBe(job.object.metadata.name)
    expect(migrationJob(aContext(), order)).toEqual(job)
  })

  test('a number of pods is named only where no Scaler owns it', () => {
    const replicas = (name: string, kinds?: string[]) =>
      (serviceDeployment(aContext({}, kinds), serviceNamed(name)).object['spec'] as { replicas?: number }).replicas
    expect([replicas('identity'), replicas('order'), replicas('bidding')]).toEqual([2, undefined, undefined])
    expect(replicas('order', ['KafkaTopic'])).toBe(2)
  })

  test('a Scaler follows each consumer group; bidding’s follows bids and the calendar', () => {
    expect(scalerResource(aContext({ services: { order: { replicas: 3 } } }), order)[0]?.object['spec']).toEqual({
      target: { name: 'order' },
      replicas: { min: 3, max: 6 },
      signals: ['sale-confirmed', 'reservations', 'payments'].map((topic) => ({
        name: topic,
        kafkaLag: { group: `order.${topic}`, topics: [topic] }
      }))
    })
    const [bidding] = scalerResource(context, serviceNamed('bidding'))
    expect(
      (bidding?.object['spec'] as { signals: { name: string }[] } | undefined)?.signals.map(({ name }) => name)
    ).toEqual(['bids', 'calendar'])
  })

  test('a HealthCheck asks the service, and one each of its consumer groups, with the prefix', () => {
    const kafka = { ...aContext().spec.backends.kafka, topicPrefix: 'eu.' }
    const checks = serviceHealthChecks(
      aContext({ backends: { ...context.spec.backends, kafka } }),
      serviceNamed('payment')
    )
    expect(checks.map(({ object }) => [object.metadata.name, object['spec']])).toEqual([
      ['payment', { http: { url: 'http://payment.shop.svc:8080/readyz' } }],
      ['payment-reservations', { consumerGroup: { group: 'eu.payment.reservations', topics: ['eu.reservations'] } }],
      ['payment-orders', { consumerGroup: { group: 'eu.payment.orders', topics: ['eu.orders'] } }],
      ['payment-users', { consumerGroup: { group: 'eu.payment.users', topics: ['eu.users'] } }]
    ])
  })
})

describe('the gateway', () => {
  const context = aContext({ gateway: { origins: ['https://shop.example'], serviceType: 'LoadBalancer' } })

  test('Envoy’s configuration finds every service by name, and a change of it is a new ConfigMap', () => {
    const { object } = gatewayConfigMap(context)
    const text = (object['data'] as Record<string, string>)['envoy.yaml'] ?? ''
    const { static_resources: resources, admin } = parse(text) as {
      static_resources: { clusters: { name: string }[] }
      admin: { address: { socket_address: { address: string } } }
    }
    expect(resources.clusters.map(({ name }) => name)).toEqual(expect.arrayContaining(services.map(({ name }) => name)))
    expect(admin.address.socket_address.address).toBe('127.0.0.1')
    expect(text).toContain('https://shop.example')
    expect(gatewayConfigMap(aContext()).object.metadata.name).not.toBe(object.metadata.name)
    expect(JSON.stringify(gatewayDeployment(context).object)).toContain(object.metadata.name)
  })

  test('a pod of it ends only after its connections were asked to close, and no pod is missed meanwhile', () => {
    const { object } = gatewayDeployment(context)
    const pod = podOf({ object })
    const command = pod.containers[0]?.lifecycle.preStop.exec?.command.join(' ') ?? ''
    expect(command).toContain('POST /healthcheck/fail')
    expect(command).toContain('POST /drain_listeners?graceful')
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(Number(/sleep (\d+)$/.exec(command)?.[1]))
    expect((object['spec'] as { strategy: unknown }).strategy).toEqual({
      type: 'RollingUpdate',
      rollingUpdate: { maxUnavailable: 0, maxSurge: 1 }
    })
    const waiting = gatewayDeployment(aContext({ gateway: { drain: 'Wait' } }))
    expect(podOf(waiting).containers[0]?.lifecycle.preStop).toEqual({ sleep: { seconds: 15 } })
  })

  test('its Service shows the way in and nothing of the console', () => {
    expect(gatewayService(context).object['spec']).toMatchObject({
      type: 'LoadBalancer',
      ports: [{ name: 'http', port: 8080 }]
    })
  })
})

describe('the whole', () => {
  const components = componentsOf(aContext())

  test('databases before services, identity before who needs its keys, the gateway last', () => {
    expect(components.map(({ name }) => name)).toEqual([
      'foundation',
      ...inOrder.filter(({ stores }) => stores.includes('postgres')).map(({ name }) => `${name}-migration`),
      ...inOrder.map(({ name }) => name),
      'gateway'
    ])
    expect(inOrder[0]?.name).toBe('identity')
    expect(inOrder.slice(-2).map(({ name }) => name)).toEqual(['health', 'web'])
  })

  test('every topic and every dead letter topic has its resource, and is kept unless told otherwise', () => {
    const topics = topicResources(aContext())
    const names = topics.map(({ object }) => object.metadata.name)
    expect(names).toEqual(expect.arrayContaining(['bids', 'sale-confirmed', 'order.payments.dlq']))
    expect(new Set(names).size).toBe(names.length)
    for (const { object } of topics) expect(object['spec']).toMatchObject({ deletionPolicy: 'Retain' })
  })

  test('every object is owned, and none is a Secret or a volume', () => {
    for (const { object, kind } of components.flatMap(({ objects }) => objects)) {
      expect(object.metadata.ownerReferences).toEqual(metadata.ownerReferences)
      expect(['Secret', 'PersistentVolumeClaim']).not.toContain(kind.kind)
    }
  })

  test('every pod is restricted, has no token and outlives its own drain', () => {
    const pods = components.flatMap(({ objects }) => objects).filter(({ kind }) => /Deployment|Job/.test(kind.kind))
    expect(pods.length).toBeGreaterThan(services.length)
    for (const each of pods) {
      const pod = podOf(each)
      expect(pod.automountServiceAccountToken).toBe(false)
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
      for (const { securityContext } of pod.containers) {
        expect(securityContext).toMatchObject({
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] }
        })
      }
    }
  })
})
