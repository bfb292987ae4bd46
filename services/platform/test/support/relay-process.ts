import { createLog } from '@gavel/platform/log.ts'
import { createContext } from '@gavel/platform/service.ts'
import { kafkaConfig, postgresConfig } from '@gavel/platform/config.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { createProducer } from '@gavel/platform/kafka/producer.ts'
import { startOutboxRelay } from '@gavel/platform/postgres/outbox.ts'
import { createPool } from '@gavel/platform/postgres/pool.ts'

/** A process that relays, and that hangs for good between the broker's acknowledgement and the removal of the rows. */
const context = createContext({ name: 'platform', log: createLog({ service: 'platform', level: 'silent' }) })
const pool = createPool(postgresConfig(process.env), context)
const producer = await createProducer(createKafka(kafkaConfig(process.env), context))
const hanging = {
  topicName: producer.topicName.bind(producer),
  publish: producer.publish.bind(producer),
  close: producer.close.bind(producer),
  send: async (messages: Parameters<typeof producer.send>[0]) => {
    await producer.send(messages)
    process.stdout.write('acknowledged\n')
    await new Promise(() => setInterval(() => undefined, 1000))
  }
}
await startOutboxRelay(context, pool, hanging)
