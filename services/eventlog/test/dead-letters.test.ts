import { randomUUID } from 'node:crypto'
import type { DeadLetter, DeadLettersDecided } from '@gavel/contracts/api/dead-letters.ts'
import { consumerGroup } from '@gavel/contracts/services.ts'
import { users } from '@gavel/contracts/topics.ts'
import { Fault } from '@gavel/platform/errors.ts'
import { createKafka, type KafkaHandle } from '@gavel/platform/kafka/client.ts'
import { startConsumer } from '@gavel/platform/kafka/consumer.ts'
import { createProducer, type OutgoingEvent, type Producer } from '@gavel/platform/kafka/producer.ts'
import { takeNew } from '@gavel/platform/postgres/inbox.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import { createContext, type ServiceContext } from '@gavel/platform/service.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshPostgres, freshTopics, type FreshTopics } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { deadLetterOf } from '../src/domain/dead-letter.ts'
import { decideDeadLetters } from '../src/store/decide-dead-letters.ts'
import { insertDeadLetters } from '../src/store/insert-dead-letters.ts'
import { runEventlog } from './running-eventlog.ts'
import { aUser } from './stories.ts'

/** A consumer that fails, its dead letters in the table, and their way back. */

let postgres: Awaited<ReturnType<typeof freshPostgres>>
let topics: FreshTopics
let log: Awaited<ReturnType<typeof runEventlog>>
let headers: { authorization: string }
let producer: Producer
const contexts: ServiceContext[] = []
/** Ids of events that the first of the two groups cannot handle yet. */
const broken = new Set<string>()
/** What each group has handled, by the id of the event. */
const handled = { payment: [] as string[], bidding: [] as string[] }
const group = consumerGroup('payment', users)

function aKafka(name: string): { context: ServiceContext; kafka: KafkaHandle } {
  const context = createContext({ name, logLevel: 'silent' })
  contexts.push(context)
  return { context, kafka: createKafka(topics, context) }
}

/** A group as services have them: an inbox, and the effect in the same transaction. */
async function consume(name: 'payment' | 'bidding', fails: (id: string) => boolean): Promise<void> {
  const { context, kafka } = aKafka(name)
  await startConsumer(context, kafka, {
    topic: users,
    handleBatch: async (events, batch) => {
      const fresh = await transaction(log.pool, async (client) => {
        const taken = await takeNew(client, batch.group, events)
        if (taken.some(({ id }) => fails(id))) throw new TypeError('This event is not supported')
        return taken
      })
      handled[name].push(...fresh.map(({ id }) => id))
    }
  })
}

beforeAll(async () => {
  postgres = await freshPostgres('eventlog')
  topics = await freshTopics('eventlog')
  log = await runEventlog({ postgresUrl: postgres.url, topics })
  headers = await log.signIn('alice', 'admin')
  await consume('payment', (id) => broken.has(id))
  await consume('bidding', () => false)
  producer = await createProducer(aKafka('sender').kafka)
})
afterAll(async () => {
  for (const context of contexts) await context.closers.closeAll(20_000)
  await log.stop()
  await topics.release()
  await postgres.release()
})

type Method = 'GET' | 'POST'
const call = async (method: Method, path: string, payload?: object, as: Record<string, string> = headers) => {
  const url = `/api/dead-letters${path}`
  return await log.app.inject({ method, url, headers: as, ...(payload && { payload }) })
}
const list = async (query = ''): Promise<{ items: DeadLetter[]; nextCursor?: string }> =>
  (await call('GET', query)).json()
const count = (ids: string[], id: string): number => ids.filter((each) => each === id).length

/** Publishes events that the group cannot handle, and waits for their letters, in the order of the events. */
async function dead(number: number): Promise<{ event: OutgoingEvent; letter: DeadLetter }[]> {
  const events = Array.from({ length: number }, () => {
    const { topic: _topic, ...event } = aUser(randomUUID())
    broken.add(event.id)
    return event as OutgoingEvent
  })
  await producer.publish(users, events)
  return await Promise.all(
    events.map(async (event) => {
      const letter = await eventually(async () =>
        (await list(`?status=open&group=${group}&limit=200`)).items.find(({ headers: of }) => of['ce_id'] === event.id)
      )
      await eventually(() => count(handled.bidding, event.id) === 1)
      return { event, letter }
    })
  )
}
const mend = (...events: OutgoingEvent[]): void => {
  for (const { id } of events) broken.delete(id)
}
/** Everything sent before it was handled once this was: one for each partition. */
async function settle(): Promise<void> {
  const markers = Array.from({ length: 12 }, () => {
    const { topic: _topic, ...event } = aUser(randomUUID())
    return event as OutgoingEvent
  })
  await producer.publish(users, markers)
  await eventually(() => markers.every(({ id }) => handled.payment.includes(id) && handled.bidding.includes(id)))
}

test('an event that a bug kept from being handled is listed with its reason, and its replay is handled once by that group alone', async () => {
  const [{ event, letter }] = (await dead(1)) as [Awaited<ReturnType<typeof dead>>[0]]
  expect(letter).toMatchObject({
    group,
    topic: 'users',
    key: event.key,
    status: 'open',
    reason: 'bug',
    attempts: 1,
    payload: event.data,
    error: expect.stringContaining('This event is not supported'),
    offset: expect.any(Number)
  })
  expect(letter.headers).toMatchObject({ ce_id: event.id, ce_type: event.definition.type, ce_source: event.source })
  expect(Object.keys(letter.headers).filter((name) => name.startsWith('dead_'))).toEqual([])
  expect((await call('GET', `/${letter.deadLetterId}`)).json()).toEqual(letter)
  expect((await log.app.inject({ url: '/metrics' })).body).toMatch(/gavel_eventlog_dead_letters_open(\{[^}]*\})? [1-9]/)

  mend(event)
  const replayed = await call('POST', `/${letter.deadLetterId}/replay`)
  expect(replayed.statusCode).toBe(200)
  expect(replayed.json()).toEqual({
    ...letter,
    status: 'replayed',
    decidedBy: 'alice',
    decidedAt: expect.any(Number)
  })
  await eventually(() => count(handled.payment, event.id) === 1)
  // Again, at once and several times: nothing is sent and nothing changes.
  const again = await Promise.all([1, 2, 3].map(() => call('POST', `/${letter.deadLetterId}/replay`)))
  expect(again.map((answer) => answer.json())).toEqual([replayed.json(), replayed.json(), replayed.json()])
  expect((await call('POST', `/${letter.deadLetterId}/discard`)).json()).toEqual(replayed.json())
  await settle()
  expect([count(handled.payment, event.id), count(handled.bidding, event.id)]).toEqual([1, 1])
  const { rows } = await log.pool.query('select from event_positions where event_id = $1', [event.id])
  expect(rows).toHaveLength(1)
})

test('a replay that was sent and not noted is sent again, and handled once all the same', async () => {
  const [{ event, letter }] = (await dead(1)) as [Awaited<ReturnType<typeof dead>>[0]]
  mend(event)
  await call('POST', `/${letter.deadLetterId}/replay`)
  await eventually(() => count(handled.payment, event.id) === 1)
  // As a crash between the broker's acknowledgement and the commit leaves it.
  await log.pool.query(
    `update dead_letters set status = 'open', decided_by = null, decided_at = null where dead_letter_id = $1`,
    [letter.deadLetterId]
  )
  expect((await call('POST', `/${letter.deadLetterId}/replay`)).json()).toMatchObject({ status: 'replayed' })
  await settle()
  expect([count(handled.payment, event.id), count(handled.bidding, event.id)]).toEqual([1, 1])
})

test('a replay that the broker does not take leaves the dead letter open', async () => {
  const [{ event, letter }] = (await dead(1)) as [Awaited<ReturnType<typeof dead>>[0]]
  const context = createContext({ name: 'cut-off', logLevel: 'silent' })
  contexts.push(context)
  const cutOff = await createProducer(createKafka({ brokers: ['127.0.0.1:1'] }, context))
  const decision = { status: 'replayed', userId: 'alice', now: 1 } as const
  const replay = decideDeadLetters({ pool: log.pool, producer: cutOff }, [letter.deadLetterId], decision)
  await expect(replay).rejects.toBeInstanceOf(Fault)
  expect((await call('GET', `/${letter.deadLetterId}`)).json()).toEqual(letter)
  mend(event)
})

test('what fails again after its replay is a new dead letter', async () => {
  const [{ event, letter }] = (await dead(1)) as [Awaited<ReturnType<typeof dead>>[0]]
  await call('POST', `/${letter.deadLetterId}/replay`)
  const second = await eventually(async () =>
    (await list('?status=open&limit=200')).items.find(({ headers: of }) => of['ce_id'] === event.id)
  )
  expect(second.deadLetterId).not.toBe(letter.deadLetterId)
  expect(second.payload).toEqual(letter.payload)
})

test('a discarded one is not sent; it may be replayed later', async () => {
  const [{ event, letter }] = (await dead(1)) as [Awaited<ReturnType<typeof dead>>[0]]
  mend(event)
  expect((await call('POST', `/${letter.deadLetterId}/discard`)).json()).toMatchObject({
    status: 'discarded',
    decidedBy: 'alice'
  })
  await settle()
  expect(count(handled.payment, event.id)).toBe(0)
  expect((await call('POST', `/${letter.deadLetterId}/replay`)).json()).toMatchObject({ status: 'replayed' })
  await eventually(() => count(handled.payment, event.id) === 1)
})

test('a record that is no event is kept byte by byte, shown as it is, and goes back so', async () => {
  const value = Buffer.from([0xff, 0x00, 0x7b])
  const key = Buffer.from([0x00, 0xfe])
  const mark = randomUUID()
  const own = { mark, twice: ['a', 'b'], bytes: Buffer.from([0x00, 0xff]), 'with\u0000': 'x', dead_offset: 'nonsense' }
  await producer.send([{ topic: producer.topicName(users), key, value, headers: own }])
  const find = async (query: string): Promise<DeadLetter[]> =>
    (await list(`?limit=200&group=${group}${query}`)).items.filter(({ headers: of }) => of['mark'] === mark)
  const [letter] = await eventually(async () => {
    const found = await find('')
    return found.length > 0 && found
  })
  expect(letter).toMatchObject({
    reason: 'undecodable',
    topic: 'users',
    payloadBytes: 3,
    payloadBase64: value.toString('base64'),
    headers: { mark, twice: 'a', 'with\u0000': 'x' }
  })
  expect(letter).not.toHaveProperty('payload')
  expect((await call('POST', `/${letter!.deadLetterId}/replay`)).json()).toMatchObject({ status: 'replayed' })
  // It is no event the second time either, and comes back as it went.
  await eventually(async () => (await find('&status=open')).length === 1)
  const { rows } = await log.pool.query<{ key: Buffer; value: Buffer; headers: string }>(
    `select key, value, headers::text as headers from dead_letters where consumer_group = $1 and value = $2`,
    [group, value]
  )
  expect(rows).toHaveLength(2)
  expect(rows[1]).toEqual(rows[0])
  expect(rows[0]).toMatchObject({ key, value })
})

test('long ones are replayed together, though the broker would not take them in one request', async () => {
  await call('POST', '/discard', { group })
  const mark = randomUUID()
  const long = { topic: producer.topicName(users), key: mark, value: 'x'.repeat(600_000), headers: { mark } }
  for (let sent = 0; sent < 4; sent += 1) await producer.send([long])
  const open = async (): Promise<DeadLetter[]> => (await list(`?status=open&group=${group}&limit=200`)).items
  const letters = await eventually(async () => {
    const items = await open()
    return items.length === 4 && items
  })
  expect(letters[0]).toMatchObject({ payloadBytes: 600_000, headers: { mark } })
  expect(letters[0]).not.toHaveProperty('payloadBase64')
  expect((await call('POST', '/replay', { group })).json()).toMatchObject({ changed: 4 })
  // They are no events, so they come back.
  await eventually(async () => (await open()).length === 4)
})

test('a record delivered again is the dead letter it was, with what was decided on it', async () => {
  const origin = { deadLetterTopic: 'some.topic.dlq', group: 'some.topic', topic: 'topic' }
  const record = { partition: 0, offset: '5', key: null, value: null, headers: {}, timestamp: 1_000 }
  const letter = deadLetterOf(origin, record)
  await insertDeadLetters(log.pool, [letter], 2_000)
  await call('POST', '/discard', { group: 'some.topic' })
  // The third is of a topic that was made anew and counts from zero again.
  const later = deadLetterOf(origin, { ...record, timestamp: 9_000 })
  await insertDeadLetters(log.pool, [letter, letter, later], 10_000)
  expect((await list('?group=some.topic')).items).toMatchObject([
    { diedAt: 9_000, status: 'open', reason: 'unknown', payloadBytes: 0 },
    { diedAt: 1_000, status: 'discarded', recordedAt: 2_000 }
  ])
})

test('many are decided on at once, by their ids or by their group, in pages that the listing follows', async () => {
  // Whatever other tests left open must not be in the way.
  await call('POST', '/discard', { group })
  const letters = await dead(45)
  mend(...letters.map(({ event }) => event))
  const seen: string[] = []
  for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
    const page = await list(`?limit=20&status=open&group=${group}${cursor === undefined ? '' : `&cursor=${cursor}`}`)
    seen.push(...page.items.map(({ deadLetterId }) => deadLetterId))
    cursor = page.nextCursor
  }
  const ids = letters.map(({ letter }) => letter.deadLetterId)
  expect(seen.toSorted()).toEqual(ids.toSorted())
  const decided = async (path: string, body: object): Promise<DeadLettersDecided> =>
    (await call('POST', path, body)).json()
  const discarded = ids.slice(0, 3)
  expect(await decided('/discard', { deadLetterIds: [...discarded, 'nobody', discarded[0]] })).toEqual({
    changed: 3,
    unchanged: 0,
    notFound: ['nobody'],
    more: false
  })
  expect(await decided('/replay', { group })).toEqual({ changed: 42, unchanged: 0, notFound: [], more: false })
  expect(await decided('/replay', { group })).toEqual({ changed: 0, unchanged: 0, notFound: [], more: false })
  expect(await decided('/replay', { deadLetterIds: ids.slice(3, 5) })).toMatchObject({ changed: 0, unchanged: 2 })
  await settle()
  const times = letters.map(({ event }) => count(handled.payment, event.id))
  expect(times).toEqual(ids.map((id) => (discarded.includes(id) ? 0 : 1)))
  expect(letters.map(({ event }) => count(handled.bidding, event.id))).toEqual(ids.map(() => 1))
})

test.each<[Method, string, object?]>([
  ['GET', ''],
  ['GET', '/some'],
  ['POST', '/some/replay'],
  ['POST', '/some/discard'],
  ['POST', '/replay', { group }],
  ['POST', '/discard', { group }]
])('%s %s is for admins', async (method, path, body) => {
  expect((await call(method, path, body, {})).json()).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' })
  const bidder = await log.signIn('bob')
  expect((await call(method, path, body, bidder)).json()).toMatchObject({ status: 403, code: 'FORBIDDEN' })
})

test.each<[Method, string]>([
  ['GET', '/nobody'],
  ['POST', '/nobody/replay'],
  ['POST', '/nobody/discard']
])('%s %s: there is no such dead letter', async (method, path) => {
  expect((await call(method, path)).json()).toMatchObject({ status: 404, code: 'DEAD_LETTER_NOT_FOUND' })
})

test.each<[Method, string, object?]>([
  ['GET', '?limit=0'],
  ['GET', '?status=lost'],
  ['GET', '?group=a%20b'],
  ['GET', '?cursor=nonsense'],
  ['GET', '?color=red'],
  ['GET', '/a%00b'],
  ['POST', '/replay', {}],
  ['POST', '/replay', { deadLetterIds: [] }],
  ['POST', '/replay', { deadLetterIds: Array.from({ length: 1_001 }, (_, index) => String(index)) }],
  ['POST', '/discard', { group, deadLetterIds: ['a'] }],
  ['POST', '/discard', { deadLetterIds: ['a b'] }]
])('%s %s is refused as it stands', async (method, path, body) => {
  expect((await call(method, path, body)).json()).toMatchObject({ status: 400, code: 'INVALID_INPUT' })
})
