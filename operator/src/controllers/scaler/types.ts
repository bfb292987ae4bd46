import { Type, type Static } from 'typebox'
import type { KubeObject } from '../../kube/client.ts'
import type { Condition } from '../../kube/conditions.ts'
import type { CustomResource } from '../../kube/custom-resource.ts'
import { conditionSchema } from '../condition-schema.ts'
import { SignalSpec } from './signal-types.ts'

const seconds = (description: string, defaultSeconds: number, minimum = 0) =>
  Type.Optional(Type.Integer({ minimum, maximum: 86_400, default: defaultSeconds, description }))

const StepPolicy = Type.Object({
  type: Type.Union([Type.Literal('Pods'), Type.Literal('Percent')]),
  value: Type.Integer({ minimum: 1, maximum: 10_000, description: 'Replicas, or percent of them.' }),
  periodSeconds: Type.Integer({ minimum: 1, maximum: 1800, description: 'The change allowed within this time.' })
})

const direction = (windowSeconds: number, description: string) =>
  Type.Optional(
    Type.Object(
      {
        stabilizationWindowSeconds: seconds(
          'The most cautious wish of this window is followed, so that a dip or a peak alone changes nothing.',
          windowSeconds
        ),
        policies: Type.Optional(
          Type.Array(StepPolicy, { minItems: 1, maxItems: 8, description: 'How large a step may be. None: any step.' })
        ),
        selectPolicy: Type.Optional(
          Type.Union([Type.Literal('Max'), Type.Literal('Min'), Type.Literal('Disabled')], {
            default: 'Max',
            description:
              'Which of several policies counts: the one that allows most, or least. Disabled: never this way.'
          })
        )
      },
      { description }
    )
  )

export const ScalerSpec = Type.Object({
  target: Type.Object(
    {
      apiVersion: Type.Optional(Type.String({ default: 'apps/v1', maxLength: 253 })),
      kind: Type.Optional(Type.String({ default: 'Deployment', minLength: 1, maxLength: 63 })),
      name: Type.String({ minLength: 1, maxLength: 253 })
    },
    { description: 'What to scale: anything in this namespace that has the scale subresource.' }
  ),
  replicas: Type.Object({
    min: Type.Integer({ minimum: 0, maximum: 10_000, description: 'Never fewer. 0 allows scaling to zero.' }),
    max: Type.Integer({ minimum: 1, maximum: 10_000, description: 'Never more.' })
  }),
  signals: Type.Array(SignalSpec, {
    minItems: 1,
    maxItems: 8,
    description: 'What asks for replicas. The largest wish counts.',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name']
  }),
  behavior: Type.Optional(
    Type.Object({
      scaleUp: direction(0, 'How replicas are added.'),
      scaleDown: direction(300, 'How replicas are taken away.'),
      tolerancePercent: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 50,
          default: 10,
          description: 'A wish this near to what is there changes nothing. Judged before the caps.'
        })
      )
    })
  ),
  scaleToZero: Type.Optional(
    Type.Object({
      coolDownSeconds: seconds('How long every signal must have been idle before the last replica goes.', 300)
    })
  ),
  fallback: Type.Optional(
    Type.Object(
      {
        behavior: Type.Optional(
          Type.Union([Type.Literal('Hold'), Type.Literal('Replicas')], {
            default: 'Hold',
            description: 'Hold: stay as it is. Replicas: go up to the number given.'
          })
        ),
        replicas: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
        afterFailures: Type.Optional(
          Type.Integer({
            minimum: 1,
            maximum: 100,
            default: 3,
            description: 'Failed readings in a row before it counts.'
          })
        )
      },
      {
        description: 'What to do when a signal is missing or partial. Missing data never takes a replica away.'
      }
    )
  ),
  rebalanceBudget: Type.Optional(
    Type.Object(
      {
        maxChanges: Type.Integer({ minimum: 1, maximum: 100 }),
        windowSeconds: Type.Integer({ minimum: 1, maximum: 86_400 })
      },
      {
        description:
          'Each change makes a consumer group rebalance: at most so many in so long. Without it too, replicas are not added where the backlog would be gone sooner without the pause they cost.'
      }
    )
  ),
  holdScaleIn: Type.Optional(
    Type.Object(
      {
        url: Type.String({ minLength: 8, maxLength: 2048, pattern: '^https?://' }),
        metric: Type.String({
          minLength: 1,
          maxLength: 200,
          description: 'A gauge on that page, summed over its labels.'
        }),
        above: Type.Number({ default: 0, description: 'Scale-in waits while the gauge is above this.' })
      },
      { description: 'Scale-in waits while this gauge says that something is in flight, such as a payment saga.' }
    )
  ),
  holdLimitSeconds: seconds('How long scale-in may be held by a rebalance or a gauge in all; then it goes on.', 900),
  intervalSeconds: seconds('Time between readings.', 5, 1),
  paused: Type.Optional(Type.Boolean({ default: false, description: 'Change nothing, and keep explaining.' })),
  pausedIn: Type.Optional(Type.Boolean({ default: false, description: 'Take no replica away.' })),
  pausedOut: Type.Optional(Type.Boolean({ default: false, description: 'Add no replica.' })),
  forceActive: Type.Optional(
    Type.Boolean({ default: false, description: 'Keep at least one replica, whatever the signals say.' })
  ),
  mode: Type.Optional(
    Type.Union([Type.Literal('Auto'), Type.Literal('Recommend')], {
      default: 'Auto',
      description: 'Recommend: decide and explain, and never write to the target.'
    })
  ),
  onDelete: Type.Optional(
    Type.Union([Type.Literal('Leave'), Type.Literal('Restore')], {
      default: 'Leave',
      description: 'Restore: when this resource is deleted, the target gets back the replicas it had before.'
    })
  )
})
export type ScalerSpec = Static<typeof ScalerSpec>

const DecisionRecord = Type.Object({
  at: Type.String({ format: 'date-time' }),
  from: Type.Integer(),
  to: Type.Integer(),
  applied: Type.Boolean({
    description: 'Whether the target was written; false in Recommend mode, paused or in conflict.'
  }),
  inputs: Type.Array(
    Type.Object({
      signal: Type.String({ maxLength: 200 }),
      wants: Type.Optional(Type.Number({ description: 'Replicas this signal asked for; absent when it is missing.' })),
      why: Type.String({ maxLength: 500 })
    }),
    { maxItems: 8 }
  ),
  clamps: Type.Array(
    Type.Object({
      name: Type.String({ maxLength: 60 }),
      from: Type.Integer(),
      to: Type.Integer(),
      why: Type.String({ maxLength: 500 })
    }),
    { maxItems: 20, description: 'What changed the wish on its way to the result, in order.' }
  ),
  result: Type.String({ maxLength: 1000 })
})
export type DecisionRecord = Static<typeof DecisionRecord>

export const ScalerStatus = Type.Object({
  observedGeneration: Type.Optional(Type.Integer()),
  conditions: Type.Optional(
    Type.Array(conditionSchema, {
      maxItems: 16,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type']
    })
  ),
  target: Type.Optional(Type.String({ description: 'Kind and name of what is scaled.' })),
  currentReplicas: Type.Optional(Type.Integer({ description: 'Replicas the target is asked to have.' })),
  desiredReplicas: Type.Optional(Type.Integer({ description: 'Replicas the last decision came to.' })),
  originalReplicas: Type.Optional(Type.Integer({ description: 'Replicas before the first change.' })),
  lag: Type.Optional(Type.Integer({ description: 'Messages behind, as of the last decision told.' })),
  catchUpSeconds: Type.Optional(
    Type.Integer({ description: 'Time to catch up at the learned rate, with the replicas at work.' })
  ),
  learned: Type.Optional(
    Type.Array(
      Type.Object({
        signal: Type.String({ maxLength: 200 }),
        drainPerReplica: Type.Number({
          description: 'Messages a second that one replica gets done, learned under load.'
        }),
        samples: Type.Integer()
      }),
      { maxItems: 8 }
    )
  ),
  startSeconds: Type.Optional(
    Type.Number({ description: 'Time from a decision until the new replicas were ready, learned from the changes.' })
  ),
  rebalanceSeconds: Type.Optional(
    Type.Number({ description: 'Time a consumer group stood still after a change, learned from the changes.' })
  ),
  idleSince: Type.Optional(Type.String({ format: 'date-time' })),
  changes: Type.Optional(
    Type.Array(Type.Object({ at: Type.String({ format: 'date-time' }), from: Type.Integer(), to: Type.Integer() }), {
      maxItems: 50,
      description: 'Changes that step policies and the rebalance budget still count.'
    })
  ),
  decisions: Type.Optional(
    Type.Array(DecisionRecord, { maxItems: 10, description: 'The last decisions, newest first.' })
  )
})
export type ScalerStatus = Static<typeof ScalerStatus>

export interface ScalerResource extends KubeObject {
  spec: ScalerSpec
  status?: ScalerStatus & { conditions?: Condition[] }
}

export const scaler: CustomResource = {
  group: 'gavel.dev',
  version: 'v1alpha1',
  kind: 'Scaler',
  plural: 'scalers',
  singular: 'scaler',
  shortNames: ['gsc'],
  categories: ['gavel'],
  namespaced: true,
  doc: 'Scales a workload by the time its consumers need to catch up, by bids a second, and ahead of auctions about to end; and explains each decision.',
  spec: ScalerSpec,
  status: ScalerStatus,
  rules: [
    {
      rule: 'self.replicas.min <= self.replicas.max',
      message: 'replicas.min must not be above replicas.max',
      fieldPath: '.replicas'
    },
    {
      rule: "!has(self.fallback) || self.fallback.behavior != 'Replicas' || has(self.fallback.replicas)",
      message: 'fallback.behavior Replicas needs fallback.replicas',
      fieldPath: '.fallback'
    },
    {
      rule: 'self.signals.exists(s, !has(s.auctionCalendar))',
      message: 'auctionCalendar is a floor only: add a kafkaLag or bidsPerSecond signal',
      fieldPath: '.signals'
    },
    {
      rule: 'self.target == oldSelf.target',
      message: 'target cannot be changed: make a new Scaler',
      fieldPath: '.target'
    }
  ],
  columns: [
    { name: 'Target', type: 'string', jsonPath: '.status.target', description: 'What is scaled' },
    { name: 'Min', type: 'integer', jsonPath: '.spec.replicas.min', description: 'Never fewer' },
    { name: 'Max', type: 'integer', jsonPath: '.spec.replicas.max', description: 'Never more' },
    {
      name: 'Replicas',
      type: 'integer',
      jsonPath: '.status.currentReplicas',
      description: 'Replicas asked of the target'
    },
    {
      name: 'Desired',
      type: 'integer',
      jsonPath: '.status.desiredReplicas',
      description: 'What the last decision came to'
    },
    { name: 'Lag', type: 'integer', jsonPath: '.status.lag', description: 'Messages behind' },
    {
      name: 'Why',
      type: 'string',
      jsonPath: '.status.decisions[0].result',
      description: 'The last decision in words',
      wide: true
    },
    {
      name: 'Ready',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: 'The target is being scaled'
    },
    { name: 'Reason', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason', description: 'Why' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Age of this resource' }
  ]
}

export const scalerFinalizer = 'gavel.dev/scaler'

/** `apps/v1/Deployment/ns/name`: two Scalers with the same one would pull at the same object. */
export const targetKeyOf = ({ metadata, spec }: ScalerResource): string =>
  [spec.target.apiVersion ?? 'apps/v1', spec.target.kind ?? 'Deployment', metadata.namespace, spec.target.name].join(
    '/'
  )
