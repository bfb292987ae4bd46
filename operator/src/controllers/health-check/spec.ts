import { Type, type Static } from 'typebox'

const Host = (description: string) => Type.String({ minLength: 1, maxLength: 253, description })
const Url = (description: string) =>
  Type.String({ minLength: 8, maxLength: 2048, pattern: '^https?://[^\\s]+$', description })
const Name = (description: string) =>
  Type.String({ minLength: 1, maxLength: 253, pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$', description })

export const HttpCheck = Type.Object(
  {
    url: Url('What is asked.'),
    method: Type.Optional(
      Type.Union([Type.Literal('GET'), Type.Literal('HEAD'), Type.Literal('POST')], { default: 'GET' })
    ),
    expectStatus: Type.Optional(
      Type.Array(Type.Integer({ minimum: 100, maximum: 599 }), {
        maxItems: 20,
        description: 'Statuses that pass. Any 2xx when absent.'
      })
    ),
    bodyContains: Type.Optional(
      Type.String({ minLength: 1, maxLength: 1000, description: 'Text that must stand in the answer.' })
    ),
    headersFromSecret: Type.Optional(
      Name('A Secret in this namespace; each of its keys is a header sent with the request.')
    )
  },
  { description: 'An HTTP answer.' }
)
export type HttpCheck = Static<typeof HttpCheck>

export const TcpCheck = Type.Object(
  { host: Host('Name or address.'), port: Type.Integer({ minimum: 1, maximum: 65_535 }) },
  { description: 'A TCP connection that can be opened.' }
)
export type TcpCheck = Static<typeof TcpCheck>

export const ConsumerGroupCheck = Type.Object(
  {
    group: Type.String({ minLength: 1, maxLength: 255, description: 'The Kafka consumer group.' }),
    topics: Type.Array(Type.String({ minLength: 1, maxLength: 249 }), {
      minItems: 1,
      maxItems: 50,
      description: 'Topics the group reads.'
    }),
    membersMin: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 10_000, default: 1, description: 'Members that must be there.' })
    ),
    lagMax: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Messages the group may be behind over all partitions.' })
    ),
    stuckSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 86_400,
        default: 60,
        description: 'How long a partition with messages to read may stand still.'
      })
    )
  },
  { description: 'A Kafka consumer group: its members are there, and every partition moves.' }
)
export type ConsumerGroupCheck = Static<typeof ConsumerGroupCheck>

export const PrometheusCheck = Type.Object(
  {
    url: Url('Address of Prometheus.'),
    query: Type.String({
      minLength: 1,
      maxLength: 4000,
      description: 'PromQL; each of its samples must be in bounds.'
    }),
    min: Type.Optional(Type.Number({ description: 'Lower bound, included.' })),
    max: Type.Optional(Type.Number({ description: 'Upper bound, included.' }))
  },
  { description: 'The value of a Prometheus query.' }
)
export type PrometheusCheck = Static<typeof PrometheusCheck>

export const RolloutCheck = Type.Object(
  {
    apiVersion: Type.Optional(Type.Literal('apps/v1', { default: 'apps/v1' })),
    kind: Type.Union([Type.Literal('Deployment'), Type.Literal('StatefulSet'), Type.Literal('DaemonSet')]),
    name: Name('In this namespace.'),
    availableMin: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Replicas that must be available. All that are asked for when absent.' })
    )
  },
  { description: 'A workload whose replicas are available.' }
)
export type RolloutCheck = Static<typeof RolloutCheck>

export const SyntheticSaleCheck = Type.Object(
  {
    gatewayUrl: Url('Address of the gateway: the bid takes the way every bid takes.'),
    credentialsSecret: Name(
      'A Secret in this namespace with the keys email and password of an administrator’s account made for this.'
    ),
    productId: Type.String({
      minLength: 8,
      maxLength: 64,
      pattern: '^canary-[A-Za-z0-9_-]+$',
      description:
        'A product made for this, with stock. Its id starts with canary-, which keeps it out of every figure.'
    }),
    orderWithinSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 300,
        default: 15,
        description: 'How soon the bid must have become an order.'
      })
    )
  },
  { description: 'A canary bid through the gateway that must become an order in time.' }
)
export type SyntheticSaleCheck = Static<typeof SyntheticSaleCheck>

export const probeKinds = ['http', 'tcp', 'consumerGroup', 'prometheus', 'rollout', 'syntheticSale'] as const

const Restart = Type.Object(
  {
    deployment: Name('The Deployment in this namespace whose pods are replaced, as kubectl rollout restart does.'),
    budgetPerHour: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 60, default: 2, description: 'Restarts in any hour at most.' })
    ),
    waitSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 3600,
        default: 120,
        description: 'How long a restart is given to help before there is another.'
      })
    )
  },
  { description: 'Restart a Deployment when the check turns to Failing. Never when absent.' }
)

export const HealthCheckSpec = Type.Object({
  http: Type.Optional(HttpCheck),
  tcp: Type.Optional(TcpCheck),
  consumerGroup: Type.Optional(ConsumerGroupCheck),
  prometheus: Type.Optional(PrometheusCheck),
  rollout: Type.Optional(RolloutCheck),
  syntheticSale: Type.Optional(SyntheticSaleCheck),
  intervalSeconds: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 86_400,
      description:
        'Time between probes. When absent: 2 for consumerGroup, 10 for http, tcp and rollout, 30 for prometheus, 60 for syntheticSale.'
    })
  ),
  timeoutSeconds: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 300, default: 5, description: 'How long one request of a probe may take.' })
  ),
  failureThreshold: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100,
      description: 'Failures in a row that turn the check to Failing. When absent: 1 for consumerGroup, otherwise 3.'
    })
  ),
  successThreshold: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100,
      default: 1,
      description: 'Successes in a row that turn the check to Passing.'
    })
  ),
  historyLimit: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 100, default: 10, description: 'Transitions kept in status.' })
  ),
  dryRun: Type.Optional(
    Type.Boolean({
      default: false,
      description: 'Probe and tell, but stay Ready and restart nothing: to try thresholds out.'
    })
  ),
  suspend: Type.Optional(Type.Boolean({ default: false, description: 'Do not probe.' })),
  restart: Type.Optional(Restart)
})
export type HealthCheckSpec = Static<typeof HealthCheckSpec>
