import { Type, type Static } from 'typebox'
import { services } from '@gavel/contracts/services.ts'
import type { KubeObject } from '../../kube/client.ts'
import type { Condition } from '../../kube/conditions.ts'
import type { CustomResource } from '../../kube/custom-resource.ts'
import { conditionSchema } from '../condition-schema.ts'
import { PlatformSpec } from './spec.ts'

export { PlatformSpec } from './spec.ts'

const ComponentStatus = Type.Object({
  name: Type.String({ maxLength: 63 }),
  ready: Type.Integer(),
  desired: Type.Integer(),
  version: Type.Optional(Type.String({ maxLength: 63, description: 'The version its Deployment asks for.' }))
})
export type ComponentStatus = Static<typeof ComponentStatus>

export const PlatformStatus = Type.Object({
  observedGeneration: Type.Optional(Type.Integer()),
  conditions: Type.Optional(
    Type.Array(conditionSchema, {
      maxItems: 16,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type']
    })
  ),
  version: Type.Optional(Type.String({ description: 'The version that last was in place as a whole.' })),
  revision: Type.Optional(
    Type.String({ description: 'Names the ControllerRevision that keeps the last good spec, for a roll-back.' })
  ),
  ready: Type.Optional(Type.String({ description: 'Components that are ready, of how many.' })),
  rollout: Type.Optional(
    Type.Object(
      {
        revision: Type.String(),
        version: Type.String(),
        step: Type.String({ maxLength: 100, description: 'The component that is waited for.' }),
        since: Type.String({ format: 'date-time', description: 'When this step began.' })
      },
      { description: 'The change that is under way.' }
    )
  ),
  failed: Type.Optional(
    Type.Object(
      {
        revision: Type.String(),
        version: Type.String(),
        step: Type.String({ maxLength: 100 }),
        reason: Type.String({ maxLength: 1000 })
      },
      { description: 'The change that failed last. It is not tried again until the spec changes.' }
    )
  ),
  components: Type.Optional(
    Type.Array(ComponentStatus, {
      maxItems: 64,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name']
    })
  )
})
export type PlatformStatus = Omit<Static<typeof PlatformStatus>, 'conditions'> & { conditions?: Condition[] }

export interface PlatformResource extends KubeObject {
  spec: PlatformSpec
  status?: PlatformStatus
}

const names = services.map(({ name }) => `'${name}'`).join(', ')

/** Whether a secret is said to be in Vault, wherever the spec says where secrets are. */
const inVault = [
  ...['backends.postgres', 'backends.mongodb', 'backends.redis', 'payment.provider', 'mail'].map(
    (place) => `has(self.${place}.secretRef.vaultPath)`
  ),
  'has(self.identity.keyEncryptionSecretRef.vaultPath)',
  '(has(self.identity.adminSecretRef) && has(self.identity.adminSecretRef.vaultPath))',
  '(has(self.bidding) && has(self.bidding.sealingKeySecretRef.vaultPath))'
]

export const platform: CustomResource = {
  group: 'gavel.dev',
  version: 'v1alpha1',
  kind: 'Platform',
  plural: 'platforms',
  singular: 'platform',
  shortNames: ['gp'],
  categories: ['gavel'],
  namespaced: true,
  doc: 'All of Gavel in one namespace: its services, gateway, topics, scalers and health checks, upgraded step by step behind their health.',
  spec: PlatformSpec,
  status: PlatformStatus,
  rules: [
    {
      rule: `has(self.vault) || !(${inVault.join(' || ')})`,
      message: 'vaultPath needs vault'
    },
    {
      rule: `!has(self.services) || self.services.all(name, name in [${names}])`,
      message: `services may only name ${services.map(({ name }) => name).join(', ')}`,
      fieldPath: '.services'
    },
    {
      rule: "(has(self.backends.kafka.topicPrefix) ? self.backends.kafka.topicPrefix : '') == (has(oldSelf.backends.kafka.topicPrefix) ? oldSelf.backends.kafka.topicPrefix : '')",
      message: 'backends.kafka.topicPrefix cannot be changed: the services would lose sight of their events',
      fieldPath: '.backends.kafka'
    }
  ],
  columns: [
    { name: 'Version', type: 'string', jsonPath: '.spec.version', description: 'The version asked for' },
    {
      name: 'Running',
      type: 'string',
      jsonPath: '.status.version',
      description: 'The version last in place as a whole'
    },
    { name: 'Components', type: 'string', jsonPath: '.status.ready', description: 'Components ready, of how many' },
    {
      name: 'Step',
      type: 'string',
      jsonPath: '.status.rollout.step',
      description: 'What a rollout waits for',
      wide: true
    },
    {
      name: 'Ready',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: 'The platform is as asked, and all of it is available'
    },
    { name: 'Reason', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason', description: 'Why' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Age of this resource' }
  ]
}
