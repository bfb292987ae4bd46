import { Type, type Static } from 'typebox'
import type { KubeObject } from '../../kube/client.ts'
import type { Condition } from '../../kube/conditions.ts'
import type { CustomResource } from '../../kube/custom-resource.ts'
import { conditionSchema } from '../condition-schema.ts'
import { HealthCheckSpec, probeKinds } from './spec.ts'

export type { HealthCheckSpec } from './spec.ts'

const Outcome = Type.Union([Type.Literal('Passing'), Type.Literal('Failing'), Type.Literal('Inconclusive')])

const Transition = Type.Object({
  at: Type.String({ format: 'date-time' }),
  outcome: Outcome,
  message: Type.String({ maxLength: 2000 })
})

export const HealthCheckStatus = Type.Object({
  observedGeneration: Type.Optional(Type.Integer()),
  conditions: Type.Optional(
    Type.Array(conditionSchema, {
      maxItems: 16,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type']
    })
  ),
  target: Type.Optional(Type.String({ maxLength: 3000, description: 'What is probed, in a few words.' })),
  outcome: Type.Optional(Outcome),
  since: Type.Optional(Type.String({ format: 'date-time', description: 'When the outcome last changed.' })),
  message: Type.Optional(Type.String({ maxLength: 2000, description: 'What was found, and whose fault it is.' })),
  lastCheckedAt: Type.Optional(
    Type.String({
      format: 'date-time',
      description: 'A probe ended then. Written with every change, and otherwise each minute.'
    })
  ),
  consecutiveFailures: Type.Optional(Type.Integer({ description: 'As of lastCheckedAt.' })),
  consecutiveSuccesses: Type.Optional(Type.Integer({ description: 'As of lastCheckedAt.' })),
  history: Type.Optional(
    Type.Array(Transition, { maxItems: 100, description: 'Changes of the outcome, newest first.' })
  ),
  restarts: Type.Optional(
    Type.Array(Type.String({ format: 'date-time' }), {
      maxItems: 60,
      description: 'Restarts of the last hour, newest first: what the budget has been spent on.'
    })
  ),
  members: Type.Optional(
    Type.Array(Type.String({ maxLength: 600 }), {
      maxItems: 200,
      description: 'Members of the consumer group when it last passed: whoever is missing later is named from these.'
    })
  ),
  stuck: Type.Optional(
    Type.Array(
      Type.Object({
        partition: Type.String({ maxLength: 300 }),
        position: Type.Integer(),
        since: Type.String({ format: 'date-time' })
      }),
      { maxItems: 200, description: 'Partitions that stand still, and since when.' }
    )
  )
})

export type HealthCheckStatus = Omit<Static<typeof HealthCheckStatus>, 'conditions'> & { conditions?: Condition[] }

export interface HealthCheckResource extends KubeObject {
  spec: HealthCheckSpec
  status?: HealthCheckStatus
}

export const healthCheck: CustomResource = {
  group: 'gavel.dev',
  version: 'v1alpha1',
  kind: 'HealthCheck',
  plural: 'healthchecks',
  singular: 'healthcheck',
  shortNames: ['hc'],
  categories: ['gavel'],
  namespaced: true,
  doc: 'A probe that is repeated, and what it found: whether something is well, since when, and if not, whose fault it is.',
  spec: HealthCheckSpec,
  status: HealthCheckStatus,
  rules: [
    {
      rule: `[${probeKinds.map((kind) => `has(self.${kind})`).join(', ')}].filter(given, given).size() == 1`,
      message: `exactly one of ${probeKinds.join(', ')} must be given`
    },
    {
      rule: '!has(self.prometheus) || has(self.prometheus.min) || has(self.prometheus.max)',
      message: 'a prometheus check needs min, max or both',
      fieldPath: '.prometheus'
    },
    {
      rule: '!has(self.prometheus) || !has(self.prometheus.min) || !has(self.prometheus.max) || self.prometheus.min <= self.prometheus.max',
      message: 'min must not be above max',
      fieldPath: '.prometheus'
    }
  ],
  columns: [
    { name: 'Target', type: 'string', jsonPath: '.status.target', description: 'What is probed' },
    { name: 'Status', type: 'string', jsonPath: '.status.outcome', description: 'Passing, Failing or Inconclusive' },
    { name: 'Since', type: 'date', jsonPath: '.status.since', description: 'How long it has been so' },
    { name: 'Message', type: 'string', jsonPath: '.status.message', description: 'What was found' },
    {
      name: 'Failures',
      type: 'integer',
      jsonPath: '.status.consecutiveFailures',
      description: 'Failures in a row',
      wide: true
    },
    {
      name: 'Checked',
      type: 'date',
      jsonPath: '.status.lastCheckedAt',
      description: 'Time since the last check told of',
      wide: true
    }
  ]
}
