import type { ServiceDefinition } from '@gavel/contracts/services.ts'
import { hashOf, type DesiredObject } from '../../../kube/apply.ts'
import { gatewayConfigMap, gatewayDeployment, gatewayService } from './gateway.ts'
import { gatewayHealthChecks, serviceHealthChecks } from './health-checks.ts'
import { gatewayName, inOrder, replicasOf, scaled, type BuildContext } from './metadata.ts'
import { migrationJob } from './migration.ts'
import { denyByDefault, gatewayPolicies, migrationPolicies, servicePolicies } from './network.ts'
import { scalerResource } from './scaling.ts'
import { topicResources } from './topics.ts'
import {
  clusterService,
  disruptionBudget,
  serviceAccount,
  serviceConfigMap,
  serviceDeployment,
  serviceSettings
} from './workload.ts'

/** One step of a rollout: what is applied together, and what must be well before the next. */
export interface Component {
  name: string
  type: 'foundation' | 'migration' | 'service' | 'gateway'
  objects: DesiredObject[]
  /** A Job that must have ended well, or a Deployment all of which must be available. */
  gate?: DesiredObject
  /** The fewest pods, where a Scaler owns the number: with so many a Deployment begins. */
  scaledFrom?: number
}

const foundation = (context: BuildContext): Component => ({
  name: 'foundation',
  type: 'foundation',
  objects: [...denyByDefault(context), ...topicResources(context)]
})

function migration(context: BuildContext, service: ServiceDefinition): Component {
  const job = migrationJob(context, service)
  return {
    name: `${service.name}-migration`,
    type: 'migration',
    objects: [
      serviceAccount(context, service.name, 'service'),
      serviceConfigMap(context, service),
      ...migrationPolicies(context, service),
      job
    ],
    gate: job
  }
}

function workload(context: BuildContext, service: ServiceDefinition): Component {
  const deployment = serviceDeployment(context, service)
  return {
    name: service.name,
    type: 'service',
    objects: [
      serviceAccount(context, service.name, 'service'),
      serviceConfigMap(context, service),
      serviceSettings(context, service),
      ...servicePolicies(context, service),
      clusterService(context, service),
      deployment,
      disruptionBudget(context, service.name, 'service'),
      ...scalerResource(context, service),
      ...serviceHealthChecks(context, service)
    ],
    gate: deployment,
    ...(scaled(context, service) ? { scaledFrom: replicasOf(context, service) } : {})
  }
}

function gateway(context: BuildContext): Component {
  const deployment = gatewayDeployment(context)
  return {
    name: gatewayName,
    type: 'gateway',
    objects: [
      serviceAccount(context, gatewayName, 'gateway'),
      gatewayConfigMap(context),
      ...gatewayPolicies(context),
      gatewayService(context),
      deployment,
      disruptionBudget(context, gatewayName, 'gateway'),
      ...gatewayHealthChecks(context)
    ],
    gate: deployment
  }
}

const build = (context: BuildContext): Component[] => [
  foundation(context),
  ...inOrder.filter(({ stores }) => stores.includes('postgres')).map((service) => migration(context, service)),
  ...inOrder.map((service) => workload(context, service)),
  gateway(context)
]

/** A platform has two specs at most that matter, the one asked for and the last good one; so few that all are kept that are in use. */
const built = new Map<string, Component[]>()
const builtMost = 32

/** The whole platform as steps in their order: what everybody stands on, every database, every service, and the way in. */
export function componentsOf(context: BuildContext): readonly Component[] {
  const { namespace, name, uid } = context.platform.metadata
  const key = hashOf([namespace, name, uid, context.spec, [...context.kinds].toSorted()])
  const known = built.get(key) ?? build(context)
  // Set anew, so that what was used last is forgotten last.
  built.delete(key)
  built.set(key, known)
  const [oldest] = built.keys()
  if (built.size > builtMost && oldest !== undefined) built.delete(oldest)
  return known
}
