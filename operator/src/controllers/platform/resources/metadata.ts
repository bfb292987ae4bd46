import { services, type ServiceDefinition } from '@gavel/contracts/services.ts'
import { ownedBy, type DesiredObject } from '../../../kube/apply.ts'
import type { ObjectMeta, ResourceKind } from '../../../kube/client.ts'
import { platform as platformKind, type PlatformResource, type PlatformSpec } from '../types.ts'

/** On everything a Platform makes, with the Platform's name: what carries it and is no longer wanted is removed. */
export const platformLabel = 'gavel.dev/platform'
/** Which service an object belongs to; the health checks that gate its upgrade are found by it. */
export const serviceLabel = 'gavel.dev/service'

export const servicePort = 8080
export const gatewayName = 'gateway'

/** All that the builders know: whose objects, by which spec, and which of the operator's own kinds there are. */
export interface BuildContext {
  platform: PlatformResource
  /** The platform's own spec, or the last good one while a change is rolled back. */
  spec: PlatformSpec
  kinds: ReadonlySet<string>
}

export type Role = 'service' | 'migration' | 'gateway' | 'platform'

const nameLabels = (name: string, role: Role) => ({
  'app.kubernetes.io/name': name,
  'app.kubernetes.io/component': role
})

/** The few labels that never change: what Services, Deployments and policies select by. */
export const selectorOf = (context: BuildContext, name: string, role: Role): Record<string, string> => ({
  ...nameLabels(name, role),
  [platformLabel]: context.platform.metadata.name
})

export const labelsOf = (context: BuildContext, name: string, role: Role): Record<string, string> => ({
  ...selectorOf(context, name, role),
  [serviceLabel]: name,
  'app.kubernetes.io/part-of': 'gavel',
  'app.kubernetes.io/managed-by': 'gavel-operator',
  'app.kubernetes.io/version': context.spec.version
})

/** An object of the platform: named, labelled, and owned, so that it goes when the Platform goes. */
export function owned(
  context: BuildContext,
  kind: ResourceKind,
  name: string,
  about: { of: string; role: Role },
  body: Record<string, unknown>,
  more: Partial<ObjectMeta> = {}
): DesiredObject {
  const { platform } = context
  return {
    kind,
    object: {
      metadata: {
        name,
        ...(platform.metadata.namespace === undefined ? {} : { namespace: platform.metadata.namespace }),
        labels: labelsOf(context, about.of, about.role),
        ownerReferences: [ownedBy(platformKind, platform)],
        ...more
      },
      ...body
    }
  }
}

export const imageOf = ({ spec }: BuildContext, service: string): string =>
  spec.services?.[service]?.image ?? `${spec.image.prefix}${service}:${spec.image.tag ?? spec.version}`

/** Where other namespaces, such as the operator's, find a service. */
export const addressOf = ({ platform }: BuildContext, service: string): string =>
  `http://${service}.${platform.metadata.namespace ?? 'default'}.svc:${servicePort}`

export const topicPrefixOf = ({ spec }: BuildContext): string => spec.backends.kafka.topicPrefix ?? ''

const rankOf = ({ name, stores }: ServiceDefinition): number => (name === 'identity' ? 0 : stores.length > 0 ? 1 : 2)

/**
 * The order of an upgrade. Identity is first, because everybody checks tokens with its keys; then those that own data, as the contracts
 * list them; then those that only speak with services.
 */
export const inOrder: readonly ServiceDefinition[] = services.toSorted((a, b) => rankOf(a) - rankOf(b))

/** Whether a Scaler owns the number of a service's pods. */
export const scaled = ({ spec, kinds }: BuildContext, { scaling }: ServiceDefinition): boolean =>
  kinds.has('Scaler') && (spec.scaling?.enabled ?? true) && scaling.signal !== 'cpu'

export const replicasOf = ({ spec }: BuildContext, { name, scaling }: ServiceDefinition): number =>
  spec.services?.[name]?.replicas ?? scaling.replicasMin
