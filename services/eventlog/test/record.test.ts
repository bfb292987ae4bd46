import { recordedTopics as everyTopic, users } from '@gavel/contracts/topics.ts'
import type { RecordedEvent } from '@gavel/contracts/api/eventlog.ts'
import type { OutgoingEvent } from '@gavel/platform/kafka/producer.ts'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { freshPostgres, freshTopics, type FreshTopics } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { theWire, type Wire } from '../../../test/support/watch-topic.ts'
import { verifyChain } from '../src/store/verify-chain.ts'
import { wholeLog } from './log-under-test.ts'
import { runEventlog } from './running-eventlog.ts'
import { anAct, aProduct, aSale, anAuction, aUser, dice, type Told } from './stories.ts'

/** The log on PostgreSQL and Kafka, in several processes. */

let postgres: Awaited<ReturnType<typeof freshPostgres>>
let topics: FreshTopics
let wire: Wire
let running: Awaited<ReturnType<typeof runEventlog>>[] = []
beforeAll(async () => {
  postgres = await freshPostgres('eventlog')
  topics = await freshTopics('eventlog')
  wire = await theWire(topics)
})
afterEach(async () => {
  await Promise.all(running.map((each) => each.stop()))
  running = []
})
afterAll(async () => {
  await wire.release()
  await topics.release()
  await postgres.release()
})

const start = async () => {
  const log = await runEventlog({ postgresUrl: postgres.url, topics })
  running.push(log)
  return log
}
async function publish(events: readonly Told[]): Promise<void> {
  for (const [topic, batch] of Map.groupBy(events, (event) => event.topic)) {
    await wire.publish(topic, batch.map(({ topic: _topic, ...event }) => event) as OutgoingEvent[])
  }
}
const placeOf = ({ topic, partition, offset }: RecordedEvent): string => `${topic} ${partition} ${offset}`

test('every event of every topic is recorded once and in the order of its key, sent thrice and with processes coming and going', async () => {
  const roll = dice(3)
  const stories = [0, 1, 2, 3, 4, 5].flatMap((number) => [
    [aUser(`user-${number}`), anAct(`act-${number}`)],
    anAuction(`auction-${number}`, roll),
    aSale(`sale.${number}`, roll),
    aProduct(`product-${number}`, roll)
  ])
  const events = stories.flat()
  const half = Math.floor(stories.length / 2)
  const first = await start()
  await publish(stories.slice(0, half).flat())
  await eventually(async () => (await wholeLog(first.pool)).length > 0)
  const second = await start()
  await publish(stories.slice(0, half).flat())
  await publish(stories.slice(half).flat())
  await Promise.all(second.consumers.map(({ joined }) => joined))
  // In the middle of its work, perhaps: what it had not committed comes to the other one again.
  await running.shift()!.stop()
  await publish(events)
  // The last word on each partition: once it is there, everything before it was read.
  const markers = Array.from({ length: 40 }, (_, number) => aUser(`marker-${number}`))
  await publish(markers)

  const complete = await eventually(
    async () => {
      const all = await wholeLog(second.pool)
      return all.length >= events.length + markers.length && all
    },
    { withinMs: 60_000, what: 'all events' }
  )
  const idOf = (event: { topic: string; eventId: string }): string => `${event.topic} ${event.eventId}`
  const expected = [...events, ...markers].map((event) => `${event.topic.name} ${event.id}`)
  expect(complete.map(idOf).toSorted()).toEqual(expected.toSorted())
  expect(new Set(complete.map(placeOf)).size).toBe(complete.length)
  expect(new Set(complete.map(({ topic }) => topic))).toEqual(new Set(everyTopic.map(({ name }) => name)))
  for (const [key, sent] of Map.groupBy(events, (event) => `${event.topic.name} ${event.key}`)) {
    const seen = complete.filter((event) => `${event.topic} ${event.key}` === key).map(({ eventId }) => eventId)
    // One key may belong to several stories, which have no order between them: a story's own events keep theirs.
    for (const story of stories) {
      const own = story.filter((event) => sent.includes(event)).map(({ id }) => id)
      expect(seen.filter((id) => own.includes(id))).toEqual(own)
    }
  }
  expect(complete.map(({ position }) => position)).toEqual(complete.map((_, index) => index + 1))
  expect(await verifyChain(second.pool, { from: 1, to: complete.length })).toMatchObject({ broken: undefined })
  const sent = new Map(events.map((event) => [`${event.topic.name} ${event.id}`, event]))
  for (const event of complete) {
    const original = sent.get(idOf(event))
    if (original) expect(event).toMatchObject({ data: original.data, time: original.time, source: original.source })
  }
})

test('the trace and the place in Kafka are kept, and figures tell what was new', async () => {
  const log = await start()
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const { topic: _topic, ...event } = aUser('traced')
  await wire.publish(users, [
    { ...event, traceparent },
    { ...event, traceparent }
  ] as OutgoingEvent[])
  const found = await eventually(async () => {
    const answer = await log.app.inject({ url: `/api/events/${event.id}`, headers: await log.signIn('alice', 'admin') })
    return answer.statusCode === 200 && (answer.json() as RecordedEvent)
  })
  expect(found).toMatchObject({ traceparent, topic: 'users', key: 'traced', subject: 'traced' })
  await eventually(async () =>
    /gavel_eventlog_events_total\{[^}]*outcome="known"[^}]*\} 1\n/.test(
      (await log.app.inject({ url: '/metrics' })).body
    )
  )
})
