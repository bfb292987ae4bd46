import { randomUUID } from 'node:crypto'
import { orders } from '@gavel/contracts/topics.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { startConsumer, type IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import type { OutgoingEvent } from '@gavel/platform/kafka/producer.ts'
import { takeNew } from '@gavel/platform/postgres/inbox.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import { createContext, type ServiceContext } from '@gavel/platform/service.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshPostgres, freshTopics, type FreshTopics } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { theWire, type Wire } from '../../../test/support/watch-topic.ts'
import { runEventlog } from './running-eventlog.ts'
import { aSale, dice, type Told } from './stories.ts'

/** A range of the log given to one group again: a read model with an inbox, one whose effect leaves the platform, and one that is not meant. */

let postgres: Awaited<ReturnType<typeof freshPostgres>>
let topics: FreshTopics
let log: Awaited<ReturnType<typeof runEventlog>>
let wire: Wire
let admin: { authorization: string }
const contexts: ServiceContext[] = []
const handled = {
  notification: [] as IncomingEvent[],
  payment: [] as IncomingEvent[],
  inventory: [] as IncomingEvent[]
}

/** Without an inbox, so that whatever is let through counts. */
async function consume(name: 'payment' | 'inventory', replays: 'handle' | 'pass-over'): Promise<void> {
  const context = createContext({ name, logLevel: 'silent' })
  contexts.push(context)
  await startConsumer(context, createKafka(topics, context), {
    topic: orders,
    replays,
    handleBatch: async (events) => void handled[name].push(...events)
  })
}

async function consumeWithInbox(): Promise<void> {
  const context = createContext({ name: 'notification', logLevel: 'silent' })
  contexts.push(context)
  await startConsumer(context, createKafka(topics, context), {
    topic: orders,
    replays: 'handle',
    handleBatch: async (events, { group }) => {
      handled.notification.push(...(await transaction(log.pool, (client) => takeNew(client, group, events))))
    }
  })
}

beforeAll(async () => {
  postgres = await freshPostgres('eventlog')
  topics = await freshTopics('eventlog')
  log = await runEventlog({ postgresUrl: postgres.url, topics })
  admin = await log.signIn('alice', 'admin')
  wire = await theWire(topics)
  await consumeWithInbox()
  await consume('payment', 'pass-over')
  await consume('inventory', 'handle')
})
afterAll(async () => {
  for (const context of contexts) await context.closers.closeAll(20_000)
  await wire.release()
  await log.stop()
  await topics.release()
  await postgres.release()
})

const outgoing = ({ topic: _topic, ...event }: Told) => event as OutgoingEvent
const endOf = (orderNumber: string): Told => aSale(orderNumber, dice(3)).find(({ topic }) => topic === orders)!
const times = (name: keyof typeof handled, { id }: Told): number =>
  handled[name].filter((event) => event.id === id).length
const everyone = Object.keys(handled) as (keyof typeof handled)[]

async function publish(events: readonly Told[]): Promise<void> {
  await wire.publish(orders, events.map(outgoing))
  await eventually(() => events.every((event) => everyone.every((name) => times(name, event) > 0)), {
    what: 'everyone to have handled them'
  })
}
/** Everything sent before was handled once these were: some on each partition. */
const settle = (): Promise<void> => publish(Array.from({ length: 12 }, () => endOf(`${randomUUID()}.1`)))

const replay = async (payload: object, headers: Record<string, string> = admin) =>
  await log.app.inject({ method: 'POST', url: '/api/replays', headers, payload })

test('a sale is replayed into the one group: known stays handled, lost comes back, and nothing leaves the platform twice', async () => {
  const event = endOf('replayed.1')
  await publish([event])
  await eventually(async () => (await log.pool.query('select from events where event_id = $1', [event.id])).rowCount)
  const counts = () => everyone.map((name) => times(name, event))
  const range = { group: 'notification.orders', key: event.key }
  const answer = await replay(range)
  expect(answer.json()).toMatchObject({ group: range.group, topic: 'orders', sent: 1, replayId: expect.any(String) })
  expect(answer.json()).not.toHaveProperty('nextFrom')
  await settle()
  expect(counts()).toEqual([1, 1, 1])

  // The read model is lost, and with it what it knew.
  await log.pool.query('delete from inbox')
  await replay(range)
  await eventually(() => times('notification', event) === 2)
  await settle()
  expect(counts()).toEqual([2, 1, 1])
  const [first, second] = handled.notification.filter(({ id }) => id === event.id)
  expect(second).toMatchObject({ id: first!.id, data: first!.data, time: first!.time, key: first!.key, replayed: true })
  expect(first).not.toHaveProperty('replayed')

  await replay({ ...range, group: 'payment.orders' })
  await settle()
  expect(counts()).toEqual([2, 1, 1])
  // The log itself has it once, however often it is sent.
  expect((await log.pool.query('select from events where event_id = $1', [event.id])).rowCount).toBe(1)
})

test('a range is bounded by position and time, and longer ones go on where they ended', async () => {
  const many = Array.from({ length: 2_100 }, (_, number) => endOf(`many.${number + 1}`))
  await wire.publish(orders, many.map(outgoing))
  const recorded = await eventually(async () => {
    const { rows } = await log.pool.query<{ position: number; event_id: string }>(
      `select position, event_id from events where event_id like 'many.%' order by position`
    )
    return rows.length === many.length && rows
  })
  await eventually(() => many.every((event) => times('inventory', event) === 1))
  const [from, to] = [recorded[0]!.position, recorded.at(-1)!.position]
  const first = (await replay({ group: 'inventory.orders', from, to })).json<{ sent: number; nextFrom: number }>()
  expect(first.sent).toBe(2_000)
  const rest = (await replay({ group: 'inventory.orders', from: first.nextFrom, to })).json<object>()
  expect(rest).toMatchObject({ sent: 100, to })
  expect(rest).not.toHaveProperty('nextFrom')
  await eventually(() => many.every((event) => times('inventory', event) === 2))
  expect(handled.inventory.filter(({ id }) => id.startsWith('many.'))).toHaveLength(4_200)
  expect((await replay({ group: 'inventory.orders', from, to, before: 1 })).json()).toMatchObject({ sent: 0, to })
})

test.each([
  [{}, 400, 'INVALID_INPUT'],
  [{ group: 'inventory.orders', from: 0 }, 400, 'INVALID_INPUT'],
  [{ group: 'inventory.orders', from: 5, to: 4 }, 400, 'INVALID_INPUT'],
  [{ group: 'inventory.orders', color: 'red' }, 400, 'INVALID_INPUT'],
  [{ group: 'nobody.orders' }, 404, 'GROUP_NOT_FOUND']
])('%j is refused', async (range, status, code) => {
  expect((await replay(range)).json()).toMatchObject({ status, code })
})

test('replaying is for admins', async () => {
  const range = { group: 'inventory.orders' }
  expect((await replay(range, {})).json()).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' })
  expect((await replay(range, await log.signIn('bob'))).json()).toMatchObject({ status: 403, code: 'FORBIDDEN' })
})
