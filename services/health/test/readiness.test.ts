import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { services } from '@gavel/contracts/services.ts'
import { createContext, type ServiceContext } from '@gavel/platform/service.ts'
import type { FastifyInstance } from 'fastify'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { testTokens } from '../../../test/support/tokens.ts'
import { buildApp, createParts } from '../src/app.ts'
import { healthConfig } from '../src/config.ts'
import { createMetrics } from '../src/metrics.ts'
import { Watch, type WatchOptions } from '../src/watch.ts'
import { nowhere } from './running-health.ts'

type Answer = { status: number; body: unknown } | 'silence' | 'flood'

const up = (parts: object): Answer => ({ status: 200, body: { status: 'ready', parts } })
const answers: Record<string, Answer> = {}
const asked: Record<string, number> = {}
const servers: Server[] = []
let context: ServiceContext
let app: FastifyInstance

async function startService(name: string): Promise<[string, string]> {
  const server = createServer((_, response) => {
    asked[name] = (asked[name] ?? 0) + 1
    const answer = answers[name]
    if (answer === 'silence') return
    if (answer === 'flood') return void response.end('x'.repeat(1024 * 1024))
    response.writeHead(answer?.status ?? 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer?.body))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return [`SERVICE_${name.toUpperCase()}_URL`, addressOf(server)]
}

const addressOf = (server: Server | undefined): string => {
  if (!server) throw new Error('There is no such service')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const watched = services.map(({ name }) => name).filter((name) => name !== 'health')

beforeEach(async () => {
  for (const name of watched) answers[name] = up({ postgres: { status: 'up' } })
  const addresses = Object.fromEntries(await Promise.all(watched.map(startService)))
  // Redis and Kafka are away all the time: the platform's readiness does not stand on them.
  const config = healthConfig({
    ...nowhere,
    ...addresses,
    HEALTH_TIMEOUT_MS: '400',
    HEALTH_FRESH_MS: '0',
    HEALTH_INTERVAL_MS: '200'
  })
  context = createContext({ name: 'health', logLevel: 'silent' })
  const { authenticator } = await testTokens()
  app = buildApp(context, config, authenticator, createParts(context, config))
  await app.ready()
})

afterEach(async () => {
  await context.closers.closeAll(5_000)
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

const read = async () => {
  const answer = await app.inject('/readyz')
  return { status: answer.statusCode, body: answer.json() }
}

test('200 with every service and each part by name', async () => {
  const { status, body } = await read()
  expect([status, body.status]).toEqual([200, 'ready'])
  expect(Object.keys(body.services).toSorted()).toEqual(watched.toSorted())
  expect(body.services.order).toEqual({ status: 'ready', parts: { postgres: { status: 'up' } } })
})

test('503 names the service and the part that is down', async () => {
  answers['payment'] = {
    status: 503,
    body: { status: 'not-ready', parts: { postgres: { status: 'down', error: 'ECONNREFUSED' } } }
  }
  const { status, body } = await read()
  expect([status, body.status]).toEqual([503, 'not-ready'])
  expect(body.services.payment).toEqual({
    status: 'not-ready',
    parts: { postgres: { status: 'down', error: 'ECONNREFUSED' } }
  })
  expect(body.services.order.status).toBe('ready')
})

test('a service that is gone is unreachable, and the answer carries no address', async () => {
  const [, server] = [watched[0], servers[0]]
  server?.closeAllConnections()
  await new Promise((resolve) => server?.close(resolve))
  const { status, body } = await read()
  expect([status, body.services.identity]).toEqual([
    503,
    { status: 'unreachable', parts: { process: { status: 'down', error: 'ECONNREFUSED' } } }
  ])
  expect(JSON.stringify(body)).not.toContain('127.0.0.1')
})

test('a service that does not answer, or answers without end, holds nobody up', async () => {
  answers['bidding'] = 'silence'
  answers['web'] = 'flood'
  const { status, body } = await read()
  expect(status).toBe(503)
  expect(body.services.bidding.parts.process.error).toBe('no answer within 400 ms')
  expect(body.services.web.parts.process.error).toBe('the answer is too long')
})

test('services are watched without being asked to, and many who ask at once share one round', async () => {
  await Promise.all([read(), read()])
  const config = healthConfig({ ...nowhere, HEALTH_FRESH_MS: '60000' })
  expect(config.services['order']).toBe('http://order:8080')
  const { order = 0 } = asked
  const watchOn = (options: WatchOptions): Watch => new Watch(context, options, createMetrics(context), () => undefined)
  watchOn({ services: { order: addressOf(servers[5]) }, intervalMs: 50, timeoutMs: 400, freshMs: 0 }).start()
  await eventually(() => (asked['order'] ?? 0) >= order + 3)
  const shared = watchOn({ services: { order: addressOf(servers[6]) }, ...config.watch })
  const before = asked['notification'] ?? 0
  await Promise.all(Array.from({ length: 20 }, () => shared.read()))
  expect(asked['notification']).toBe(before + 1)
})

test('the process itself is alive whatever the platform says', async () => {
  answers['order'] = { status: 503, body: {} }
  expect((await app.inject('/livez')).statusCode).toBe(200)
})
