import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { products } from '@gavel/contracts/topics.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { startConsumer, type IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { createLog } from '@gavel/platform/log.ts'
import { createContext, type ServiceContext } from '@gavel/platform/service.ts'
import { freshPostgres, freshRedis, freshTopics } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'

const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const keySet = createServer((_request, response) => {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'test', alg: 'EdDSA' }] }))
})
let database: Awaited<ReturnType<typeof freshPostgres>>
let topics: Awaited<ReturnType<typeof freshTopics>>
let cache: ReturnType<typeof freshRedis>
let context: ServiceContext
beforeAll(async () => {
  database = await freshPostgres()
  topics = await freshTopics('catalog')
  cache = freshRedis('catalog')
  context = createContext({ name: 'listener', log: createLog({ service: 'listener', level: 'silent' }) })
  keySet.listen(0, '127.0.0.1')
  await once(keySet, 'listening')
})
afterAll(async () => {
  await context.closers.closeAll(10_000)
  keySet.close()
  keySet.closeAllConnections()
  await cache.release()
  await topics.release()
  await database.release()
})

test('the process serves products, verifies tokens by the published keys, tells of changes in order and ends in good order', async () => {
  const received: IncomingEvent[] = []
  await startConsumer(context, createKafka(topics, context), {
    topic: products,
    handleBatch: async (events) => void received.push(...events)
  })
  const child = spawn(process.execPath, [new URL('../src/main.ts', import.meta.url).pathname], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      HOST: '127.0.0.1',
      PORT: '0',
      LOG_LEVEL: 'debug',
      POSTGRES_URL: database.url,
      REDIS_URL: cache.url,
      REDIS_KEY_PREFIX: cache.keyPrefix,
      KAFKA_BROKERS: topics.brokers.join(','),
      KAFKA_TOPIC_PREFIX: topics.topicPrefix,
      EVENTLOG_URL: 'http://127.0.0.1:1',
      JWKS_URL: `http://127.0.0.1:${(keySet.address() as AddressInfo).port}/jwks.json`
    }
  })
  const ended = once(child, 'exit')
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  try {
    const address = await eventually(() => /"address":"(http:[^"]+)"/.exec(output)?.[1], { what: 'the address' })
    await eventually(async () => (await fetch(`${address}/readyz`)).ok, { what: 'readiness' })
    const token = await new SignJWT({ role: 'admin' })
      .setProtectedHeader({ alg: 'EdDSA', kid: 'test' })
      .setIssuer('https://gavel.dev')
      .setAudience('gavel')
      .setSubject('the-admin')
      .setExpirationTime('5m')
      .sign(privateKey)
    const call = async (method: string, path: string, body?: object) =>
      await fetch(`${address}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
        ...(body ? { body: JSON.stringify(body) } : {})
      })
    expect((await call('POST', '/api/products', { productId: 'watch', title: 'A watch' })).status).toBe(201)
    expect((await call('PATCH', '/api/products/watch', { title: 'A gold watch' })).status).toBe(200)
    expect((await call('DELETE', '/api/products/watch')).status).toBe(204)
    expect((await call('GET', '/api/products/watch')).status).toBe(410)
    await eventually(() => received.length === 3, { what: 'the three events' })
    expect(received.map(({ name, key }) => [name, key])).toEqual([
      ['ProductAdded', 'watch'],
      ['ProductChanged', 'watch'],
      ['ProductRemoved', 'watch']
    ])
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
    expect(output.includes(token)).toBe(false)
  } finally {
    child.kill('SIGKILL')
  }
})
