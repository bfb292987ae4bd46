import type { ServiceDefinition } from '@gavel/contracts/services.ts'
import { hashOf, type DesiredObject } from '../../../kube/apply.ts'
import { plainVariables, settingsFile, settingsFolder } from './environment.ts'
import { kinds } from './kinds.ts'
import { imageOf, labelsOf, owned, replicasOf, scaled, selectorOf, servicePort, type BuildContext } from './metadata.ts'
import { graceful, restrictedContainer, restrictedPod, spread } from './pod.ts'
import { secretFolders } from './secrets.ts'

/** The user of our images. */
const user = 10_001

const defaultResources = {
  requests: { cpu: '100m', memory: '160Mi' },
  limits: { memory: '512Mi' }
}
const biddingResources = {
  requests: { cpu: '500m', memory: '512Mi' },
  limits: { memory: '1Gi' }
}

const probe = (path: string, more: Record<string, unknown>) => ({
  httpGet: { path, port: 'http' },
  timeoutSeconds: 3,
  ...more
})

/** Named by its content: a pod that starts again in the middle of an upgrade reads what its own version was given. */
export function serviceConfigMap(context: BuildContext, service: ServiceDefinition): DesiredObject {
  const data = plainVariables(context, service)
  const about = { of: service.name, role: 'service' } as const
  return owned(context, kinds.configMap, `${service.name}-${hashOf(data).slice(0, 10)}`, about, {
    immutable: true,
    data
  })
}

/** Not named by its content: what stands in it reaches the pods that run. */
export const serviceSettings = (context: BuildContext, { name }: ServiceDefinition): DesiredObject =>
  owned(
    context,
    kinds.configMap,
    `${name}-settings`,
    { of: name, role: 'service' },
    { data: { [settingsFile]: JSON.stringify(context.spec.services?.[name]?.settings ?? {}) } }
  )

export const serviceAccount = (context: BuildContext, name: string, role: 'service' | 'gateway'): DesiredObject =>
  owned(context, kinds.serviceAccount, name, { of: name, role }, { automountServiceAccountToken: false })

/** The container of a service; a migration is the same with another command to itself. */
export function serviceContainer(context: BuildContext, service: ServiceDefinition, more: Record<string, unknown>) {
  const { spec } = context
  const { name } = service
  const { volumeMounts = [], ...rest } = more as { volumeMounts?: unknown[] }
  return restrictedContainer({
    name,
    image: imageOf(context, name),
    pullPolicy: spec.image.pullPolicy ?? 'IfNotPresent',
    resources: spec.services?.[name]?.resources ?? (name === 'bidding' ? biddingResources : defaultResources),
    more: {
      envFrom: [{ configMapRef: { name: serviceConfigMap(context, service).object.metadata.name } }],
      volumeMounts: [
        { name: 'tmp', mountPath: '/tmp' },
        ...secretFolders(context, service).map(({ mount }) => mount),
        ...volumeMounts
      ],
      ...rest
    }
  })
}

export const servicePod = (context: BuildContext, service: ServiceDefinition) => ({
  ...restrictedPod(service.name, user, context.spec.image.pullSecrets),
  volumes: [
    { name: 'tmp', emptyDir: { sizeLimit: '64Mi' } },
    ...secretFolders(context, service).map(({ volume }) => volume)
  ]
})

export function serviceDeployment(context: BuildContext, service: ServiceDefinition): DesiredObject {
  const { name } = service
  const selector = selectorOf(context, name, 'service')
  // The health service's readiness is the platform's, which must not take the service out of the way of those who ask.
  const ready = name === 'health' ? '/livez' : '/readyz'
  const { volumes, ...pod } = servicePod(context, service)
  const container = serviceContainer(context, service, {
    volumeMounts: [
      // A folder and not a file in one, which would not be swapped.
      { name: 'settings', mountPath: settingsFolder, readOnly: true }
    ],
    ports: [{ name: 'http', containerPort: servicePort, protocol: 'TCP' }],
    startupProbe: probe('/livez', { periodSeconds: 2, failureThreshold: 90 }),
    livenessProbe: probe('/livez', { periodSeconds: 10, failureThreshold: 3 }),
    readinessProbe: probe(ready, { periodSeconds: 5, failureThreshold: 2 }),
    lifecycle: graceful.lifecycle
  })
  return owned(
    context,
    kinds.deployment,
    name,
    { of: name, role: 'service' },
    {
      spec: {
        // Where a Scaler owns the number, it is not ours to say.
        ...(scaled(context, service) ? {} : { replicas: replicasOf(context, service) }),
        revisionHistoryLimit: 3,
        progressDeadlineSeconds: context.spec.upgrade?.healthTimeoutSeconds ?? 300,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        selector: { matchLabels: selector },
        template: {
          metadata: { labels: labelsOf(context, name, 'service') },
          spec: {
            ...pod,
            volumes: [...volumes, { name: 'settings', configMap: { name: `${name}-settings`, optional: true } }],
            terminationGracePeriodSeconds: graceful.terminationGracePeriodSeconds,
            ...spread(selector),
            containers: [container]
          }
        }
      }
    }
  )
}

/** Headless where the gateway must see each pod: it hashes an auction to one of them. */
export function clusterService(context: BuildContext, service: ServiceDefinition): DesiredObject {
  const { name, affinity } = service
  return owned(
    context,
    kinds.service,
    name,
    { of: name, role: 'service' },
    {
      spec: {
        type: 'ClusterIP',
        ...(affinity === 'auction' ? { clusterIP: 'None' } : {}),
        selector: selectorOf(context, name, 'service'),
        ports: [{ name: 'http', port: servicePort, targetPort: 'http', protocol: 'TCP' }]
      }
    }
  )
}

/** One pod at a time, whoever empties a machine; a pod that is not ready anyway does not hold that up. */
export const disruptionBudget = (context: BuildContext, name: string, role: 'service' | 'gateway'): DesiredObject =>
  owned(
    context,
    kinds.disruptionBudget,
    name,
    { of: name, role },
    {
      spec: {
        maxUnavailable: 1,
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
        selector: { matchLabels: selectorOf(context, name, role) }
      }
    }
  )
