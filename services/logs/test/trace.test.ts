import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { freshMongodb } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { insertLines } from '../src/store/lines.ts'
import { aLine } from './a-line.ts'
import { runLogs, TraceReader, type RunningLogs } from './running-logs.ts'

const database = freshMongodb('logs')
let first: RunningLogs
let second: RunningLogs
const readers: TraceReader[] = []

const open = async (logs: RunningLogs): Promise<TraceReader> => {
  const reader = await TraceReader.open(logs.url, logs.token)
  readers.push(reader)
  return reader
}
const store = async (...messages: string[]): Promise<void> =>
  void (await insertLines(
    first.lines,
    messages.map((message) => aLine({ message, service: 'order', time: Date.now() })),
    Date.now()
  ))

beforeAll(async () => {
  const shared = { url: database.url, database: database.database }
  first = await runLogs({ database: shared })
  second = await runLogs({ database: shared, limits: { queueLinesMax: 150, bufferBytesMax: 4096 } })
})
afterEach(async () => {
  await Promise.all(readers.splice(0).map((reader) => reader.close()))
  await first.lines.deleteMany({})
})
afterAll(async () => {
  await first?.stop()
  await second?.stop()
  await database.release()
})

describe('the live trace', () => {
  test('tells the newest lines and then every line as it is stored, in every process, without gap or double', async () => {
    const written = Array.from({ length: 400 }, (_, index) => `Line number ${index}`)
    await store(...written.slice(0, 50))
    const [one, two] = [await open(first), await open(second)]
    // Lines go on being stored, one by one, while the history is read.
    const storing = (async () => {
      for (const message of written.slice(50)) await store(message)
    })()
    await eventually(async () => (await first.lines.countDocuments()) > 60, { everyMs: 5 })
    for (const reader of [one, two]) reader.follow({ services: ['order'] }, { history: 30 })
    await storing
    await store('The end')
    for (const reader of [one, two]) {
      await reader.until((each) => each.messages().includes('The end'))
      expect(reader.frames[0]).toEqual({ type: 'following', filter: { services: ['order'] } })
      const messages = reader.messages()
      const from = written.indexOf(messages[0]!)
      expect(from).toBeGreaterThanOrEqual(20)
      expect(messages).toEqual([...written.slice(from), 'The end'])
      expect(reader.dropped).toBe(0)
    }
  })

  test('changes what it tells whenever it is asked, and says which lines belong to what', async () => {
    const reader = await open(first)
    await insertLines(
      first.lines,
      [
        aLine({ service: 'order', message: 'Slow order', level: 'warn' }),
        aLine({ service: 'payment', message: 'Declined', trace_id: 'c'.repeat(32) }),
        aLine({ service: 'order', message: 'Fine' })
      ],
      Date.now()
    )
    reader.follow({ level: 'warn' }, { followId: 'serious' })
    await reader.live('serious')
    expect(reader.messages('serious')).toEqual(['Slow order'])
    reader.follow({ traceId: 'c'.repeat(32) }, { followId: 'trace' })
    await reader.live('trace')
    expect(reader.messages('trace')).toEqual(['Declined'])
    reader.follow({ text: 'ORDER slow', services: ['order'] }, { followId: 'text', history: 0 })
    await reader.live('text')
    await store('Fast order', 'An order that is slow')
    await reader.until((each) => each.messages('text').length > 0)
    expect(reader.messages('text')).toEqual(['An order that is slow'])
  })

  test('a frame that it cannot follow is a problem, and the filter before stays', async () => {
    const reader = await open(first)
    reader.follow({}, { history: 0 })
    await reader.live()
    for (const frame of [
      '{',
      '[]',
      '{"type":"follow","filter":{"level":"loud"}}',
      '{"type":"follow","filter":{"a":1}}'
    ])
      reader.socket.send(frame)
    reader.socket.send(Buffer.from('{}'))
    await reader.until(({ frames }) => frames.filter(({ type }) => type === 'problem').length === 5)
    expect(
      reader.frames.flatMap((frame) => (frame.type === 'problem' ? [(frame.problem as { code: string }).code] : []))
    ).toEqual(['MALFORMED_JSON', 'INVALID_INPUT', 'INVALID_INPUT', 'INVALID_INPUT', 'INVALID_INPUT'])
    await store('Still told')
    await reader.until((each) => each.messages().includes('Still told'))
  })

  test('a reader that is too slow loses the oldest that wait for it, is told how many in their place, and holds up nobody', async () => {
    const [slow, other] = [await open(second), await open(second)]
    for (const reader of [slow, other]) reader.follow({}, { history: 0 })
    for (const reader of [slow, other]) await reader.live()
    slow.socket.pause()
    const written: string[] = []
    const dropped = async (): Promise<number> =>
      (await second.context.metrics.getSingleMetric('gavel_log_trace_dropped_total')!.get()).values[0]?.value ?? 0
    // As many as it takes for the socket's own buffers, here and there, to be full as well.
    while ((await dropped()) === 0 && written.length < 20_000) {
      const more = Array.from({ length: 100 }, (_, index) => `${written.length + index} ${'x'.repeat(20_000)}`)
      written.push(...more)
      await store(...more)
      await other.until((each) => each.messages().length === written.length, 'the other reader to have them all')
    }
    expect(await dropped()).toBeGreaterThan(0)
    slow.socket.resume()
    await slow.until((each) => each.messages().length + each.dropped === written.length)
    const { frames } = slow
    const gap = frames.findIndex(({ type }) => type === 'dropped')
    const told = frames.map((frame) => (frame.type === 'lines' ? frame.lines.map(({ message }) => message) : []))
    const before = told.slice(0, gap).flat()
    const count = (frames[gap] as { count: number }).count
    expect(before).toEqual(written.slice(0, before.length))
    expect(told.slice(gap).flat()[0]).toBe(written[before.length + count])
    expect(slow.messages().at(-1)).toBe(written.at(-1))
  })

  test('is for admins, from our pages, and follows the store only while somebody reads', async () => {
    const refused = async (headers: Record<string, string>, protocols: string[] = []): Promise<number> => {
      const socket = new WebSocket(`${first.url.replace('http', 'ws')}/ws/logs`, ['gavel.v1', ...protocols], {
        headers
      })
      socket.on('error', () => undefined)
      const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }]
      socket.terminate()
      return response.statusCode
    }
    const { authorization } = await first.signIn('somebody', 'bidder')
    expect(await refused({})).toBe(401)
    expect(await refused({ authorization })).toBe(403)
    expect(await refused({ origin: 'https://elsewhere.test' }, [`bearer.${first.token}`])).toBe(403)
    const streams = async (): Promise<number> => {
      const { inprog } = (await first.db
        .admin()
        .command({ currentOp: 1, $all: true, ns: `${database.database}.lines` })) as {
        inprog: { op?: string; cursor?: { originatingCommand?: { pipeline?: { $changeStream?: unknown }[] } } }[]
      }
      return inprog.filter(({ cursor }) => cursor?.originatingCommand?.pipeline?.[0]?.$changeStream !== undefined)
        .length
    }
    await eventually(async () => (await streams()) === 0)
    const reader = await open(first)
    reader.follow({})
    await reader.live()
    await eventually(async () => (await streams()) === 1)
    await reader.close()
    await eventually(async () => (await streams()) === 0)
  })
})
