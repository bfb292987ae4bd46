import { Type, type Static } from 'typebox'

const Url = (description: string) => Type.String({ minLength: 8, maxLength: 2048, pattern: '^https?://', description })

const KafkaLag = Type.Object(
  {
    group: Type.String({ minLength: 1, maxLength: 255, description: 'Consumer group.' }),
    topics: Type.Array(Type.String({ minLength: 1, maxLength: 249 }), { minItems: 1, maxItems: 50 }),
    maxCatchUpSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 86_400,
        default: 30,
        description: 'Enough replicas that the backlog is worked off within this time, at the rate learned.'
      })
    ),
    lagPerReplica: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000_000,
        default: 1000,
        description: 'Messages behind that ask for one replica, as long as the rate is not learned.'
      })
    ),
    activationLag: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 1_000_000_000,
        default: 0,
        description: 'A lag above this wakes a target at zero.'
      })
    ),
    withoutOffset: Type.Optional(
      Type.Union([Type.Literal('Earliest'), Type.Literal('Latest')], {
        default: 'Earliest',
        description: 'Where the group starts in a partition it has no offset for: that much is behind.'
      })
    ),
    limitToPartitions: Type.Optional(
      Type.Boolean({
        default: true,
        description:
          'Never more replicas than partitions: they would read nothing. False where replicas do other work too.'
      })
    ),
    evenDistribution: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'Round up to a divisor of the partition count, so that each replica reads as many.'
      })
    )
  },
  { description: 'Replicas by the time a consumer group needs to catch up.' }
)

const BidsPerSecond = Type.Object(
  {
    perReplica: Type.Number({ minimum: 0.001, description: 'Bids a second that one replica takes comfortably.' }),
    activation: Type.Optional(
      Type.Number({ minimum: 0, default: 0, description: 'A rate above this wakes a target at zero.' })
    ),
    prometheus: Type.Optional(
      Type.Object({
        url: Url('Address of Prometheus.'),
        query: Type.String({
          minLength: 1,
          maxLength: 2000,
          description: 'Gives bids a second; several results are summed.'
        })
      })
    ),
    endpoint: Type.Optional(
      Type.Object({
        url: Url('A page with metrics or JSON. All addresses of a headless Service are asked and summed.'),
        metric: Type.Optional(
          Type.String({ minLength: 1, maxLength: 200, description: 'Name on a metrics page, summed over its labels.' })
        ),
        field: Type.Optional(
          Type.String({ minLength: 1, maxLength: 200, description: 'Path in a JSON answer, with dots.' })
        ),
        counter: Type.Optional(
          Type.Boolean({ default: false, description: 'The figure only grows: its rate is taken.' })
        )
      })
    )
  },
  {
    description: 'Replicas by a rate, from Prometheus or from the services themselves.',
    'x-kubernetes-validations': [
      { rule: 'has(self.prometheus) != has(self.endpoint)', message: 'give prometheus or endpoint, and not both' },
      {
        rule: '!has(self.endpoint) || has(self.endpoint.metric) != has(self.endpoint.field)',
        message: 'endpoint needs metric or field, and not both'
      }
    ]
  }
)

const AuctionCalendar = Type.Object(
  {
    url: Url('Lists auctions, those ending soonest first, each with endsAt in milliseconds: bidding’s /api/auctions.'),
    perReplica: Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      description: 'Auctions about to end that one replica takes.'
    }),
    leadSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 86_400,
        default: 120,
        description:
          'How long before the end replicas must be ready: the rush. The time they need to start is learned and added.'
      })
    ),
    staleAfterSeconds: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 86_400, default: 120, description: 'An older calendar is ignored.' })
    )
  },
  { description: 'A floor ahead of the rush: replicas are warm before many auctions end. Never above the caps.' }
)

export const SignalSpec = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 63, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' }),
    kafkaLag: Type.Optional(KafkaLag),
    bidsPerSecond: Type.Optional(BidsPerSecond),
    auctionCalendar: Type.Optional(AuctionCalendar)
  },
  {
    'x-kubernetes-validations': [
      {
        rule: '[has(self.kafkaLag), has(self.bidsPerSecond), has(self.auctionCalendar)].filter(x, x).size() == 1',
        message: 'a signal is exactly one of kafkaLag, bidsPerSecond, auctionCalendar'
      }
    ]
  }
)
export type SignalSpec = Static<typeof SignalSpec>
