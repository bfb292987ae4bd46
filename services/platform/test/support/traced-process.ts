import { Type } from 'typebox'
import { defineOperation } from '@gavel/contracts/define.ts'
import {
  httpConfig,
  kafkaConfig,
  postgresConfig,
  redisConfig,
  mongoConfig,
  readAll,
  telemetryConfig
} from '@gavel/platform/config.ts'
import { createServer, implement, listen, reply } from '@gavel/platform/http/server.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { startConsumer } from '@gavel/platform/kafka/consumer.ts'
import { createProducer } from '@gavel/platform/kafka/producer.ts'
import { createMongo } from '@gavel/platform/mongo/client.ts'
import { createPool } from '@gavel/platform/postgres/pool.ts'
import { appendToOutbox, startOutboxRelay } from '@gavel/platform/postgres/outbox.ts'
import { migrate, transaction } from '@gavel/platform/postgres/pool.ts'
import { createRedis } from '@gavel/platform/redis/client.ts'
import { runService } from '@gavel/platform/service.ts'
import { counted, facts } from './facts.ts'

/** A request that touches every kind of backend, with telemetry on. */
const touch = defineOperation({
  id: 'touch',
  method: 'POST',
  path: '/api/touch',
  role: 'public',
  summary: 'Touches everything.',
  responses: { 200: Type.Object({}, { additionalProperties: false }) },
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
      redis: () => redisConfig(env),
      mongo: () => mongoConfig(env),
      telemetry: () => telemetryConfig(env)
    }),
  start: async (context, config) => {
    await migrate(config.postgres.url, new URL('./counting/', import.meta.url), context.log)
    const pool = createPool(config.postgres, context)
    const redis = createRedis(config.redis, context)
    const { db } = await createMongo(config.mongo, context)
    const kafka = createKafka(config.kafka, context)
    await startOutboxRelay(context, pool, await createProducer(kafka))
    await startConsumer(context, kafka, {
      topic: facts,
      handleBatch: async (_events, { log }) => {
        log.info('Handled')
        await pool.query('select 2')
      }
    })
    const app = createServer(context, { service: 'identity' })
    implement(app, touch, async ({ log }) => {
      log.info('Touched')
      await redis.get('x').catch(() => undefined)
      await db.collection('things').findOne({})
      await transaction(pool, async (client) => await appendToOutbox(client, facts, [counted(1)]))
      return reply(200, {})
    })
    await listen(app, config.http)
  }
})
