import { listAuctions } from '@gavel/contracts/api/bidding.ts'
import type { TopicDefinition } from '@gavel/contracts/define.ts'
import { consumerGroup, type ServiceDefinition } from '@gavel/contracts/services.ts'
import type { DesiredObject } from '../../../kube/apply.ts'
import { scaler } from '../../scaler/types.ts'
import { addressOf, owned, replicasOf, scaled, topicPrefixOf, type BuildContext } from './metadata.ts'

/** What one pod of bidding takes while its answers stay quick; measured on one core, with a reserve. */
const bidsPerReplica = 500
/** Auctions ending in the next two minutes for which one pod is warm. */
const endingsPerReplica = 200

/** A Scaler looks at eight signals at most. A service that reads more topics is scaled by those with the most partitions. */
const busiest = (topics: readonly TopicDefinition[]): TopicDefinition[] =>
  topics.toSorted((a, b) => b.partitions - a.partitions).slice(0, 8)

function signalsOf(context: BuildContext, { name, consumes, scaling }: ServiceDefinition): Record<string, unknown>[] {
  if (scaling.signal === 'bids') {
    const address = addressOf(context, name)
    return [
      {
        name: 'bids',
        bidsPerSecond: {
          perReplica: context.spec.scaling?.bidsPerReplica ?? bidsPerReplica,
          endpoint: { url: `${address}/metrics`, metric: 'bidding_bids_total', counter: true }
        }
      },
      {
        name: 'calendar',
        auctionCalendar: { url: `${address}${listAuctions.path}`, perReplica: endingsPerReplica, leadSeconds: 120 }
      }
    ]
  }
  const prefix = topicPrefixOf(context)
  return busiest(consumes).map((topic) => ({
    name: topic.name,
    kafkaLag: { group: `${prefix}${consumerGroup(name, topic)}`, topics: [`${prefix}${topic.name}`] }
  }))
}

/** A Scaler for a service that follows a load; the contracts say which, between what and by which signal. */
export function scalerResource(context: BuildContext, service: ServiceDefinition): DesiredObject[] {
  if (!scaled(context, service)) return []
  const { name, scaling } = service
  const min = replicasOf(context, service)
  const max = Math.max(min, context.spec.services?.[name]?.replicasMax ?? scaling.replicasMax)
  const spec = { target: { name }, replicas: { min, max }, signals: signalsOf(context, service) }
  return [owned(context, scaler, name, { of: name, role: 'service' }, { spec })]
}
