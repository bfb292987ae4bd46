import { consumerGroup, type ServiceDefinition } from '@gavel/contracts/services.ts'
import type { DesiredObject } from '../../../kube/apply.ts'
import { healthCheck } from '../../health-check/types.ts'
import { addressOf, gatewayName, owned, topicPrefixOf, type BuildContext } from './metadata.ts'

const enabled = ({ spec, kinds }: BuildContext): boolean =>
  kinds.has('HealthCheck') && (spec.healthChecks?.enabled ?? true)

/** One for a service, and one for each of its consumer groups. */
export function serviceHealthChecks(context: BuildContext, { name, consumes }: ServiceDefinition): DesiredObject[] {
  if (!enabled(context)) return []
  const prefix = topicPrefixOf(context)
  const about = { of: name, role: 'service' } as const
  // The health service's own readiness speaks of all others: asked for that, it would hold up its own upgrade for theirs.
  const path = name === 'health' ? '/livez' : '/readyz'
  return [
    owned(context, healthCheck, name, about, { spec: { http: { url: `${addressOf(context, name)}${path}` } } }),
    ...consumes.map((topic) =>
      owned(context, healthCheck, `${name}-${topic.name}`, about, {
        spec: {
          consumerGroup: { group: `${prefix}${consumerGroup(name, topic)}`, topics: [`${prefix}${topic.name}`] }
        }
      })
    )
  ]
}

/** A canary bid through the gateway, where an account and a product are there for it. */
export function gatewayHealthChecks(context: BuildContext): DesiredObject[] {
  const sale = context.spec.healthChecks?.syntheticSale
  if (!enabled(context) || !sale) return []
  const syntheticSale = { gatewayUrl: addressOf(context, gatewayName), ...sale }
  return [
    owned(context, healthCheck, 'synthetic-sale', { of: gatewayName, role: 'gateway' }, { spec: { syntheticSale } })
  ]
}
