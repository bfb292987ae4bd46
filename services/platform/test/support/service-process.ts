import { setTimeout as delay } from 'node:timers/promises'
import { Type } from 'typebox'
import { defineOperation } from '@gavel/contracts/define.ts'
import { httpConfig, kafkaConfig, postgresConfig, readAll, telemetryConfig } from '@gavel/platform/config.ts'
import { createServer, implement, listen, reply } from '@gavel/platform/http/server.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { startConsumer } from '@gavel/platform/kafka/consumer.ts'
import { createProducer } from '@gavel/platform/kafka/producer.ts'
import { appendToOutbox, startOutboxRelay } from '@gavel/platform/postgres/outbox.ts'
import { createPool, migrate, transaction } from '@gavel/platform/postgres/pool.ts'
import { runService } from '@gavel/platform/service.ts'
import { counted, facts } from './facts.ts'

/** A whole service as small as it can be: a request becomes an event, which comes back and is counted, slowly. */
const count = defineOperation({
  id: 'count',
  method: 'POST',
  path: '/api/count/:number',
  role: 'public',
  summary: 'Counts.',
  params: Type.Object({ number: Type.Integer() }, { additionalProperties: false }),
  responses: { 201: Type.Object({ number: Type.Integer() }, { additionalProperties: false }) },
  errors: []
})

const { env } = process

await runService({
  name: 'platform',
  config: () =>
    readAll({
      http: () => httpConfig(env),
      kafka: () => kafkaConfig(env),
      postgres: () => postgresConfig(env),
      telemetry: () => telemetryConfig(env)
    }),
  start: async (context, config) => {
    await migrate(config.postgres.url, new URL('./counting/', import.meta.url), context.log)
    const pool = createPool(config.postgres, context)
    const kafka = createKafka(config.kafka, context)
    await startOutboxRelay(context, pool, await createProducer(kafka), { pollMs: 50 })
    await startConsumer(context, kafka, {
      topic: facts,
      handlers: {
        Counted: async (events) => {
          await delay(300)
          await pool.query('insert into counts (key, number) select * from unnest($1::text[], $2::integer[])', [
            events.map(({ key }) => key),
            events.map(({ data }) => data.number)
          ])
        }
      }
    })
    const app = createServer(context, { service: 'identity' })
    implement(app, count, async ({ params: { number }, log }) => {
      log.info({ number }, 'Counting')
      await delay(200)
      await transaction(
        pool,
        async (client) => await appendToOutbox(client, facts, [counted(number, 'one', `event-${number}`)])
      )
      return reply(201, { number })
    })
    app.get('/crash', () => {
      setImmediate(() => {
        throw new Error('nobody catches this')
      })
      return {}
    })
    await listen(app, config.http)
  }
})
