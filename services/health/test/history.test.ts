import { afterEach, beforeEach, expect, test } from 'vitest'
import { CuttableProxy } from '../../platform/test/support/proxy.ts'
import { freshRedis } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { runHealth, startService, type Running } from './running-health.ts'
import { subscribe, type Subscription } from './sse.ts'

let redis: ReturnType<typeof freshRedis>
let payment: Awaited<ReturnType<typeof startService>>
const running: Running[] = []
const open: Subscription[] = []

const start = async (env: Record<string, string> = {}): Promise<Running> => {
  const given = { REDIS_URL: redis.url, REDIS_KEY_PREFIX: redis.keyPrefix }
  const health = await runHealth({ services: { payment: payment.url }, env: { ...given, ...env } })
  running.push(health)
  return health
}
const follow = async (on: Running, headers: Record<string, string> = {}): Promise<Subscription> => {
  const subscription = await subscribe(`${on.url}/api/health/stream`, { ...on.admin, ...headers })
  open.push(subscription)
  return subscription
}
const turns = async (on: Running, ready: boolean): Promise<void> => {
  payment.say(ready)
  const status = ready ? 'up' : 'down'
  await eventually(async () => (await on.history('payment'))[0]?.status === status)
}
/** It has looked, and it reaches its history. */
const known = (on: Running) =>
  eventually(
    async () => (await on.entry('payment')).status === 'up' && (await on.get('/api/health/history')).status === 200
  )

beforeEach(async () => {
  redis = freshRedis('health')
  payment = await startService()
})

afterEach(async () => {
  for (const subscription of open.splice(0)) await subscription.close()
  for (const health of running.splice(0)) await health.stop()
  payment.stop()
  await redis.release()
})

test('a service that goes down and comes back is in the history with its culprit, and since when is known after a restart', async () => {
  const first = await start()
  await known(first)
  await turns(first, false)
  expect(await first.entry('payment')).toMatchObject({
    status: 'down',
    message: 'payment is not ready: postgres'
  })
  await turns(first, true)
  await turns(first, false)
  const [{ at }] = await first.history('payment')
  await first.stop()

  const second = await start()
  await eventually(async () => (await second.entry('payment')).since === at)
  const history = await second.history('payment')
  expect(history.map(({ status }: { status: string }) => status)).toEqual(['down', 'up', 'down'])
  expect((await second.get('/api/health/history?limit=1')).body.items).toEqual([history[0]])
  expect((await second.get('/api/health')).body.status).toBe('down')
})

test('several processes write a change once, and when the one that writes is gone another goes on', async () => {
  const both = [await start(), await start()] as const
  await Promise.all(both.map(known))
  await turns(both[0], false)
  await both[0].stop()
  await turns(both[1], true)
  const history = await both[1].history('payment')
  expect(history.map(({ status }: { status: string }) => status)).toEqual(['up', 'down'])
})

test('a reader that comes again with its last id has missed nothing and gets nothing twice', async () => {
  const health = await start()
  await known(health)
  const before = await follow(health)
  await eventually(() => before.lastEventId() !== undefined)
  await turns(health, false)
  await eventually(() => before.events.length === 1)
  await before.close()
  await turns(health, true)
  await turns(health, false)

  const after = await follow(health, { 'last-event-id': before.lastEventId()! })
  await turns(health, true)
  await eventually(() => after.events.length >= 3)
  const seen = [...before.events, ...after.events]
  expect(seen.map(({ id }) => id)).toEqual(
    (await health.history('payment')).map(({ id }: { id: string }) => id).toReversed()
  )
  expect(seen.map(({ status }) => status)).toEqual(['down', 'up', 'down', 'up'])
})

test('while Redis is away what is so now is still told, and what was so is UNAVAILABLE', async () => {
  const health = await start({ REDIS_URL: 'redis://127.0.0.1:9' })
  await eventually(async () => (await health.entry('payment')).status === 'up')
  for (const path of ['/api/health/history', '/api/health/stream']) {
    const { status, body } = await health.get(path)
    expect([path, status, body.code]).toEqual([path, 503, 'UNAVAILABLE'])
  }
  expect((await health.get('/readyz')).status).toBe(200)
})

test('what changed while Redis was away is in the history when it is back, in order', async () => {
  const { hostname, port } = new URL(redis.url)
  const proxy = new CuttableProxy({ host: hostname, port: Number(port) })
  await proxy.open()
  const health = await start({ REDIS_URL: `redis://127.0.0.1:${proxy.port}` })
  try {
    await known(health)
    await proxy.cut()
    for (const status of ['down', 'up', 'down']) {
      payment.say(status === 'up')
      await eventually(async () => (await health.entry('payment')).status === status)
    }
    await proxy.open()
    const history = await eventually(async () => {
      const items = await health.history('payment')
      return items.length === 3 && items
    })
    expect(history.map(({ status }: { status: string }) => status)).toEqual(['down', 'up', 'down'])
  } finally {
    await health.stop()
    await proxy.cut()
  }
})

test('admins only, and a last id that is none is refused', async () => {
  const health = await start()
  const bidder = await health.signIn('bob', 'bidder')
  for (const path of ['/api/health', '/api/health/history', '/api/health/stream']) {
    expect((await health.get(path, {})).status, path).toBe(401)
    expect((await health.get(path, bidder)).status, path).toBe(403)
  }
  expect((await health.get('/api/health/stream', { ...health.admin, 'last-event-id': 'x' })).status).toBe(400)
})

test('the figures tell who is up and how old the last look is', async () => {
  const health = await start()
  await known(health)
  const text = await health.context.metrics.metrics()
  expect(text).toMatch(/health_up\{kind="service",watched="payment",service="health"\} 1/)
  expect(text).toMatch(/health_check_age_seconds\{kind="service",watched="payment",service="health"\} \d/)
})
