import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshTopics, type FreshTopics } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { startIssuer, type TestIssuer } from '../../../test/support/issuer.ts'
import { growthOf } from '../src/domain/statistics.ts'
import { readFreshness } from '../src/store/read-statistics.ts'
import { aLog, asUnrecorded, record } from './log-under-test.ts'
import { aBusyTime } from './plain-statistics.ts'
import { dice } from './stories.ts'

/** A real process that dies without a word while it counts, again and again. */

let log: Awaited<ReturnType<typeof aLog>>
let topics: FreshTopics
let issuer: TestIssuer
const running = new Set<ChildProcess>()
beforeAll(async () => {
  log = await aLog()
  topics = await freshTopics('eventlog')
  issuer = await startIssuer()
})
afterAll(async () => {
  await Promise.all([...running].map((child) => end(child, 'SIGTERM')))
  await issuer.stop()
  await topics.release()
  await log.release()
})

function start(): ChildProcess {
  const child = spawn(process.execPath, [new URL('../src/main.ts', import.meta.url).pathname], {
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'],
      HOST: '127.0.0.1',
      PORT: '0',
      POSTGRES_URL: log.url,
      KAFKA_BROKERS: topics.brokers.join(','),
      KAFKA_TOPIC_PREFIX: topics.topicPrefix,
      // The stories tell of years ago.
      STATISTICS_SECONDS_KEPT_MS: String(30 * 24 * 60 * 60_000),
      STATISTICS_MINUTES_KEPT_MS: String(3_650 * 24 * 60 * 60_000),
      ...issuer.environment
    }
  })
  running.add(child)
  return child
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  running.delete(child)
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}

test('killed in the middle of counting, again and again: the figures are those of one count of the whole log', async () => {
  const roll = dice(11)
  const events = aBusyTime('a', 150, roll)
  const recorded = (await record(log.pool, events.map(asUnrecorded))).toSorted((a, b) => a.position - b.position)
  const position = async (): Promise<number> => (await readFreshness(log.pool)).position
  let deaths = 0
  for (let before = -1; (await position()) < recorded.length && deaths < 4; deaths += 1) {
    const child = start()
    await eventually(async () => (await position()) > before, { everyMs: 1, what: 'the counting to go on' })
    await end(child, 'SIGKILL')
    before = await position()
  }
  start()
  await eventually(async () => (await position()) === recorded.length, { what: 'everything to be counted' })
  const { rows } = await log.pool.query<{ keys: string }>(
    `select concat_ws(' ', figure, window_ms, extract(epoch from window_start)::bigint, subject, label, value) as keys
       from statistics where window_ms > 1000`
  )
  const widths = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 }
  const counted = growthOf(recorded, {})
    .filter(({ window }) => window !== 'second')
    .map((each) =>
      [each.figure, widths[each.window], each.start / 1_000, each.subject, each.label, each.value].join(' ')
    )
  expect(rows.map(({ keys }) => keys).toSorted()).toEqual(counted.toSorted())
})
