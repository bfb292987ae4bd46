import { consumerGroup } from '@gavel/contracts/services.ts'
import { logLines } from '@gavel/contracts/topics.ts'
import type { KafkaHandle } from '@gavel/platform/kafka/client.ts'
import type { RunningConsumer } from '@gavel/platform/kafka/consumer.ts'
import { startRawConsumer, type RawRecord } from '@gavel/platform/kafka/raw-consumer.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import { storedLineOf, type StoredLine } from '../domain/line.ts'
import type { LogsMetrics } from '../metrics.ts'
import { insertLines, type Lines } from '../store/lines.ts'

/** Without an id of its sender a line's place on the topic names it. */
function lineOf({ headers, value, timestamp, topic, partition, offset }: RawRecord): StoredLine {
  const given = headers['id']?.toString() ?? ''
  const id = /^[\x21-\x7e]{1,80}$/.test(given) ? given : `${topic}.${partition}.${offset}`
  return storedLineOf({ id, text: value?.toString() ?? '', timestamp })
}

/** Nothing in here is logged line by line or batch by batch: those lines would come back here. */
export function storeLines(
  context: ServiceContext,
  kafka: KafkaHandle,
  { lines, metrics }: { lines: Lines; metrics: LogsMetrics }
): RunningConsumer {
  return startRawConsumer(context, kafka, {
    topics: [logLines],
    group: consumerGroup('logs', logLines),
    batchSize: 1000,
    handleBatch: async (records) => {
      const added = await insertLines(lines, records.map(lineOf), context.clock())
      metrics.stored(added, records.length - added)
    }
  })
}
