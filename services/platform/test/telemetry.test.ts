import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { createKafka, ensureTopics } from '@gavel/platform/kafka/client.ts'
import { createLog } from '@gavel/platform/log.ts'
import { createContext } from '@gavel/platform/service.ts'
import { backends } from '../../../test/support/backends.ts'
import { freshMongodb, freshPostgres, freshRedis } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'

interface Span {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
}

const traceId = '0af7651916cd43dd8448eb211c80319c'

it('one trace goes from the request through every backend and Kafka to the consumer, and into the log', async () => {
  const spans: Span[] = []
  const collector = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      response.setHeader('content-type', 'application/json').end('{}')
      if (request.url !== '/v1/traces') return
      const body = JSON.parse(Buffer.concat(chunks).toString()) as {
        resourceSpans: { scopeSpans: { spans: Span[] }[] }[]
      }
      spans.push(...body.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)))
    })
  }).listen(0, '127.0.0.1')
  await once(collector, 'listening')
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`
  const database = await freshPostgres()
  const mongodb = freshMongodb('platform')
  const redis = freshRedis('platform')
  const topicPrefix = `t${randomBytes(5).toString('hex')}.`
  const context = createContext({ name: 'platform', log: createLog({ service: 'test', level: 'silent' }) })
  await ensureTopics(createKafka({ brokers: backends().kafka.split(','), topicPrefix }, context), [
    { name: 'facts', partitions: 2 }
  ])

  const child = spawn(process.execPath, [new URL('./support/traced-process.ts', import.meta.url).pathname], {
    env: {
      PATH: process.env.PATH ?? '',
      HOST: '127.0.0.1',
      PORT: '0',
      KAFKA_BROKERS: backends().kafka,
      KAFKA_TOPIC_PREFIX: topicPrefix,
      POSTGRES_URL: database.url,
      MONGODB_URL: mongodb.url,
      MONGODB_DATABASE: mongodb.database,
      REDIS_URL: redis.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'none',
      OTEL_BSP_SCHEDULE_DELAY: '200'
    }
  })
  let output = ''
  child.stdout.on('data', (chunk) => (output += String(chunk)))
  child.stderr.on('data', (chunk) => (output += String(chunk)))
  const exited = once(child, 'exit')
  try {
    const base = await eventually(() => /"address":"([^"]+)"/.exec(output)?.[1])
    const response = await fetch(`${base}/api/touch`, {
      method: 'POST',
      headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` }
    })
    expect(response.status).toBe(200)
    await eventually(() => /"message":"Handled"/.test(output), { what: 'the event to be handled' })
    const mine = (): Span[] => spans.filter((span) => span.traceId === traceId)
    await eventually(() => mine().some(({ name }) => name.startsWith('process ')) && mine().length >= 7, {
      what: 'the spans'
    }).catch((error: unknown) => {
      throw new Error(
        `Only these came: ${mine()
          .map(({ name }) => name)
          .join(', ')}\n${output}`,
        { cause: error }
      )
    })
    const names = mine().map(({ name }) => name)
    expect(names.some((name) => name.startsWith('POST'))).toBe(true)
    expect(names.some((name) => name.startsWith('pg.query'))).toBe(true)
    expect(names.some((name) => /^(mongodb\.)?find/.test(name))).toBe(true)
    expect(names).toContain('get')
    const server = mine().find(({ name }) => name.startsWith('POST'))!
    expect(server.parentSpanId).toBe('b7ad6b7169203331')
    const processed = mine().find(({ name }) => name.startsWith('process '))!
    expect(mine().some(({ spanId }) => spanId === processed.parentSpanId)).toBe(true)
    for (const message of ['Touched', 'Handled'])
      expect(output).toMatch(new RegExp(`"trace_id":"${traceId}"[^\\n]*"message":"${message}"`))
  } finally {
    child.kill('SIGTERM')
    await exited
    collector.closeAllConnections()
    collector.close()
    await Promise.all([database.release(), mongodb.release(), redis.release()])
  }
})
