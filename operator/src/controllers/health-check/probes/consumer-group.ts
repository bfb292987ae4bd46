import { judgeGroup, type GroupSample } from '@gavel/platform/probes/consumer-group.ts'
import { inconclusive } from '@gavel/platform/probes/finding.ts'
import type { GroupDescription, GroupPartition, KafkaAdminPort } from '../../../kafka/admin-port.ts'
import { Batcher } from '../../../kafka/batcher.ts'
import type { ConsumerGroupCheck } from '../spec.ts'
import type { ProbeContext, Probed } from './context.ts'

/** Groups as they are now. Asks for one group share one answer, and asks for many travel in one round of requests. */
export type GroupReader = (
  group: string,
  topics: readonly string[]
) => Promise<{ description: GroupDescription; partitions: GroupPartition[] }>

export function createGroupReader(kafka: KafkaAdminPort, lingerMs = 200): GroupReader {
  type Ask = { group: string; topics: readonly string[] }
  type Answer = { description: GroupDescription; partitions: GroupPartition[] }
  const batcher = new Batcher<Ask, Answer>(
    async (asks) => {
      const [described, partitions] = await Promise.all([
        kafka.describeGroups(asks.map(({ group }) => group)),
        kafka.readGroupOffsets(asks)
      ])
      return asks.map(({ group }, index) => ({
        description: described.get(group) ?? { state: 'Dead', members: [] },
        partitions: partitions[index] ?? []
      }))
    },
    { lingerMs, batchMax: 500 }
  )
  // While Kafka is away a batch takes long and probes come again: they wait for the same answer instead of piling up.
  const asking = new Map<string, Promise<Answer>>()
  return (group, topics) => {
    const key = JSON.stringify([group, topics])
    const under = asking.get(key)
    if (under) return under
    const answer = batcher.ask({ group, topics }).finally(() => asking.delete(key))
    asking.set(key, answer)
    return answer
  }
}

export async function checkConsumerGroup(
  check: ConsumerGroupCheck,
  reader: GroupReader | undefined,
  { timeoutMs, signal, memory }: ProbeContext,
  now: () => Date
): Promise<Probed> {
  if (!reader) return { finding: inconclusive('The operator was given no Kafka brokers') }
  let answer: Awaited<ReturnType<GroupReader>>
  try {
    answer = await within(reader(check.group, check.topics), timeoutMs, signal)
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    return { finding: inconclusive(`Kafka cannot be asked: ${message.slice(0, 300)}`, 'Kafka cannot be asked') }
  }
  const { group, membersMin = 1, lagMax, stuckSeconds = 60 } = check
  const criteria = { group, membersMin, stuckMs: stuckSeconds * 1000, ...(lagMax === undefined ? {} : { lagMax }) }
  const { finding, ...found } = judgeGroup(criteria, memory, sampleOf(check, answer, now()))
  return { finding, group: found }
}

function sampleOf(
  { topics }: ConsumerGroupCheck,
  { description, partitions }: Awaited<ReturnType<GroupReader>>,
  now: Date
): GroupSample {
  const known = new Set(partitions.map(({ topic }) => topic))
  return {
    atMs: now.getTime(),
    members: description.members.map(({ clientId, host, partitions: read }) => ({
      name: `${clientId}@${host}`,
      partitions: read
    })),
    partitions: partitions.map(({ topic, partition, committed, start, end }) => ({
      key: `${topic}/${partition}`,
      committed,
      start,
      end
    })),
    missingTopics: topics.filter((topic) => !known.has(topic))
  }
}

/** The admin client cannot be interrupted; a late answer is left to itself. */
function within<T>(asked: Promise<T>, timeoutMs: number, signal: AbortSignal): Promise<T> {
  const ended = AbortSignal.any([AbortSignal.timeout(timeoutMs), signal])
  return new Promise((resolve, reject) => {
    ended.addEventListener('abort', () => reject(new Error(`no answer within ${timeoutMs} ms`)), { once: true })
    asked.then(resolve, reject)
  })
}
