import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { defineOperation, isAudited } from '@gavel/contracts/define.ts'
import { audit } from '@gavel/contracts/topics.ts'
import { mongoAudit } from '@gavel/platform/audit/mongo.ts'
import { postgresAudit } from '@gavel/platform/audit/postgres.ts'
import type { AuditTrail, BegunAct } from '@gavel/platform/audit/trail.ts'
import { Secret } from '@gavel/platform/config.ts'
import { createServer, implement, reply } from '@gavel/platform/http/server.ts'
import { createKafka, ensureTopics, type KafkaHandle } from '@gavel/platform/kafka/client.ts'
import { startConsumer } from '@gavel/platform/kafka/consumer.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/events.ts'
import { createProducer } from '@gavel/platform/kafka/producer.ts'
import { createMongo } from '@gavel/platform/mongo/client.ts'
import { startOutboxRelay } from '@gavel/platform/postgres/outbox.ts'
import { createPool, migrate } from '@gavel/platform/postgres/pool.ts'
import { createContext, type ServiceContext } from '@gavel/platform/service.ts'
import { backends } from '../../../test/support/backends.ts'
import { freshMongodb, freshPostgres } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { acts, auditFaults, call, context as things, problemOf, sign, startThings, stored } from './support/things.ts'

const silent = () => createContext({ name: 'platform', logLevel: 'silent' })

describe('an operation of admins that changes something', () => {
  beforeAll(startThings)
  beforeEach(() => {
    acts.length = 0
    Object.assign(auditFaults, { begin: false, end: false })
  })
  afterAll(async () => void (await things.closers.closeAll(10_000)))

  const body = { reason: 'they asked', password: 'hunter2' }
  const judge = async (how: string, role = 'admin') =>
    await call('POST', `/api/judge/${how}`, {
      token: await sign({ role }),
      body,
      headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }
    })

  it.each([
    ['done', 201, { outcome: 'done', status: 201, subject: 'made-here' }],
    ['refused', 409, { outcome: 'refused', status: 409, code: 'PRODUCT_EXISTS' }],
    ['failed', 500, { outcome: 'failed', status: 500, code: 'INTERNAL' }]
  ])('that was %s is recorded before it is done and when it has ended', async (how, status, end) => {
    expect((await judge(how)).status).toBe(status)
    const begun = { userId: 'user-1', service: 'platform', operation: 'judge', params: { how }, reason: 'they asked' }
    expect(acts).toMatchObject([{ begun }, { ended: end }])
    expect(JSON.stringify(acts)).toContain('0af7651916cd43dd8448eb211c80319c')
    expect(JSON.stringify(acts)).not.toContain('hunter2')
  })

  it('is not done where it cannot be recorded', async () => {
    auditFaults.begin = true
    const before = stored
    expect(await problemOf(await judge('done'))).toMatchObject({ code: 'UNAVAILABLE' })
    expect(stored).toBe(before)
  })

  it('is answered as it was where only its end cannot be recorded', async () => {
    auditFaults.end = true
    expect((await judge('done')).status).toBe(201)
    expect(acts).toHaveLength(1)
  })

  it('is no act where it is not let in, and one of others is none at all', async () => {
    expect((await judge('done', 'bidder')).status).toBe(403)
    expect(
      (await call('POST', '/api/things/a', { token: await sign({ role: 'admin' }), body: { count: 1 } })).status
    ).toBe(201)
    expect(acts).toEqual([])
  })

  it('is not served by a server without an audit trail', async () => {
    const context = silent()
    const app = createServer(context, { service: 'identity' })
    const operation = defineOperation({
      id: 'change',
      method: 'POST',
      path: '/api/change',
      role: 'admin',
      summary: 'For this test.',
      responses: { 204: null },
      errors: []
    })
    expect(isAudited(operation)).toBe(true)
    expect(() => implement(app, operation, async () => reply(204))).toThrow(/change .* needs an audit trail/)
    await context.closers.closeAll(5000)
  })
})

describe.each(['postgres', 'mongodb'] as const)('acts kept in %s', (store) => {
  const releases: (() => Promise<unknown>)[] = []
  let url: string
  let database: string
  let topicPrefix: string
  let reader: ServiceContext
  const heard: IncomingEvent[] = []

  const kafkaOf = (context: ServiceContext): KafkaHandle =>
    createKafka({ brokers: backends().kafka.split(','), topicPrefix }, context)
  const start = async (context: ServiceContext, relays: boolean, abandonedMs?: number): Promise<AuditTrail> => {
    const terms = abandonedMs === undefined ? {} : { everyMs: 20, abandonedMs }
    const producer = await createProducer(kafkaOf(context))
    if (store === 'postgres') {
      const pool = createPool({ url: new Secret(url) }, context)
      if (relays) await startOutboxRelay(context, pool, producer, { pollMs: 20 })
      return postgresAudit(context, pool, terms)
    }
    const { db } = await createMongo({ url: new Secret(url), database }, context)
    const away = { ...producer, topicName: () => audit.name, send: async () => await Promise.reject(new Error('away')) }
    return mongoAudit(context, { db, producer: relays ? producer : away }, { ...terms, pollMs: 20 })
  }
  const anAct = (actId: string): BegunAct => ({
    actId,
    userId: 'admin-1',
    service: 'platform',
    operation: 'judge',
    params: { how: 'done' },
    reason: 'a zero \u0000 in it',
    begunAt: Date.now()
  })
  const told = (actId: string): IncomingEvent[] => heard.filter(({ id }) => id.startsWith(actId))

  beforeAll(async () => {
    if (store === 'postgres') {
      const fresh = await freshPostgres()
      ;({ url } = fresh)
      releases.push(fresh.release)
      await migrate(url, new URL('./support/counting/', import.meta.url), silent().log)
    } else {
      const fresh = freshMongodb('platform')
      ;({ url, database } = fresh)
      releases.push(fresh.release)
    }
    topicPrefix = `t${randomBytes(5).toString('hex')}.`
    reader = silent()
    await ensureTopics(kafkaOf(reader), [{ name: audit.name, partitions: 1 }])
    await startConsumer(reader, kafkaOf(reader), {
      topic: audit,
      handleBatch: async (events) => void heard.push(...events)
    })
  })
  afterAll(async () => {
    await reader.closers.closeAll(10_000)
    for (const release of releases) await release()
  })

  it('outlive their process: what had ended is published by the next one, and what had not is told as unknown', async () => {
    const first = silent()
    const dying = await start(first, false)
    await dying.begin(anAct('ended'))
    await dying.end(anAct('ended'), { outcome: 'refused', status: 409, code: 'PRODUCT_EXISTS', endedAt: Date.now() })
    await dying.begin(anAct('abandoned'))
    await first.closers.closeAll(10_000)
    expect(heard).toEqual([])

    const second = silent()
    const trail = await start(second, true, 1)
    await eventually(() => told('ended').length > 0 && told('abandoned').length > 0)
    expect(told('ended')[0]?.data).toMatchObject({
      actId: 'ended',
      outcome: 'refused',
      code: 'PRODUCT_EXISTS',
      role: 'admin'
    })
    expect(told('abandoned')[0]).toMatchObject({
      id: 'abandoned.unknown',
      key: 'admin-1',
      data: { outcome: 'unknown' }
    })
    // It ended after all.
    await trail.end(anAct('abandoned'), { outcome: 'done', status: 204, subject: 'x', endedAt: Date.now() })
    await eventually(() =>
      told('abandoned').some(({ id, data }) => id === 'abandoned' && (data as { outcome: string }).outcome === 'done')
    )
    await second.closers.closeAll(10_000)
  })
})
