import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readyFilterOf } from '../src/domain/filter.ts'
import { findLines, insertLines, lineQuery, prepareLines, type LineRange } from '../src/store/lines.ts'
import { aLine } from './a-line.ts'
import { runLogs, type RunningLogs } from './running-logs.ts'

let logs: RunningLogs
const traceId = 'a'.repeat(32)
const otherTraceId = 'b'.repeat(32)
const services = ['order', 'payment', 'bidding']
const levels = ['debug', 'info', 'info', 'info', 'warn', 'error']
const start = 1_800_000_000_000
const total = 12_000

beforeAll(async () => {
  logs = await runLogs()
  // Some at the same moment, so that a page may end between two of them.
  const stored = Array.from({ length: total }, (_, index) =>
    aLine({
      time: start + Math.floor(index / 3),
      service: services[index % services.length],
      level: levels[index % levels.length],
      message: `Request ${index} was answered`,
      ...(index % 1000 === 7 ? { trace_id: traceId } : {}),
      ...(index % 500 === 3 ? { orderNumber: `summer-lamp.${index}` } : {})
    })
  )
  for (let from = 0; from < total; from += 4000) await insertLines(logs.lines, stored.slice(from, from + 4000), start)
})
afterAll(async () => await logs?.stop())

describe('a search', () => {
  test('finds by service, by level and above, by trace, by words anywhere in the line, and by time', async () => {
    const { items: errors } = await logs.search({ service: 'bidding', level: 'error', limit: 3 })
    expect(errors.map(({ members: _members, id: _id, ...line }) => line)).toEqual(
      [11_999, 11_993, 11_987].map((index) => ({
        time: start + Math.floor(index / 3),
        service: 'bidding',
        level: 'error',
        message: `Request ${index} was answered`
      }))
    )
    expect(new Set((await logs.search({ level: 'warn', limit: 200 })).items.map(({ level }) => level))).toEqual(
      new Set(['warn', 'error'])
    )
    expect((await logs.search({ traceId })).items).toHaveLength(total / 1000)
    expect((await logs.search({ traceId: otherTraceId })).items).toEqual([])
    const { items: found } = await logs.search({ text: 'LAMP.503 summer' })
    expect(found.map(({ members }) => members)).toEqual([{ orderNumber: 'summer-lamp.503' }])
    expect((await logs.search({ text: 'answer' })).items).toEqual([])
    const between = await logs.search({ from: start + 10, to: start + 11 })
    expect(between.items.map(({ message }) => message)).toEqual(
      [32, 31, 30].map((index) => `Request ${index} was answered`)
    )
  })

  test('goes page by page over everything, without gap or double, also between lines of one moment', async () => {
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await logs.search({ text: 'summer', limit: 7, ...(cursor === undefined ? {} : { cursor }) })
      seen.push(...page.items.map(({ id }) => id))
      cursor = page.nextCursor
    } while (cursor !== undefined)
    expect(new Set(seen).size).toBe(total / 500)
    const first = await logs.search({ limit: 2 })
    const second = await logs.search({ limit: 2, cursor: first.nextCursor! })
    expect([...first.items, ...second.items].map(({ message }) => message)).toEqual(
      [11_999, 11_998, 11_997, 11_996].map((index) => `Request ${index} was answered`)
    )
  })

  test('is for admins only, and takes nothing that is no search', async () => {
    const as = async (headers: Record<string, string>, query = ''): Promise<[number, string]> => {
      const response = await fetch(`${logs.url}/api/logs${query}`, { headers })
      return [response.status, ((await response.json()) as { code: string }).code]
    }
    expect(await as({})).toEqual([401, 'UNAUTHENTICATED'])
    expect(await as(await logs.signIn('b', 'bidder'))).toEqual([403, 'FORBIDDEN'])
    const admin = await logs.signIn('a', 'admin')
    for (const query of [
      '?level=loud',
      '?traceId=1',
      '?text=%20',
      '?from=-1',
      '?cursor=eA',
      '?limit=201',
      '?words=a'
    ]) {
      expect(await as(admin, query), query).toEqual([400, 'INVALID_INPUT'])
    }
  })
})

interface Stage {
  stage: string
  inputStage?: Stage
  inputStages?: Stage[]
}
const stagesOf = ({ stage, inputStage, inputStages }: Stage): string[] => [
  stage,
  ...[inputStage, ...(inputStages ?? [])].flatMap((each) => (each ? stagesOf(each) : []))
]

describe('every kind of query is served by its index', () => {
  const filters: [string, Parameters<typeof readyFilterOf>[0]][] = [
    ['the newest', {}],
    ['a level and above', { level: 'warn' }],
    ['a service', { services: ['order'] }],
    ['several services and a level', { services, level: 'warn' }],
    ['a trace', { traceId }],
    ['a word', { text: 'summer' }],
    ['words, a service and a level', { text: 'request answered', services: ['order'], level: 'info' }]
  ]
  const before = { time: start + 3000, id: 'test.000000009999' }
  const ranges: [string, Partial<LineRange>][] = [
    ['', {}],
    [' after a page', { before }],
    [' within a time', { from: start + 100, to: start + 3500 }]
  ]
  test.each(
    filters.flatMap(([name, filter]) => ranges.map(([suffix, range]) => [name + suffix, filter, range] as const))
  )('%s: read in order, without a sort, and not much more than is answered', async (_name, filter, range) => {
    const limit = 20
    const query = lineQuery(logs.lines, { filter: readyFilterOf(filter), limit, ...range })
    const { queryPlanner, executionStats } = (await query.explain('executionStats')) as {
      queryPlanner: { winningPlan: Stage & { queryPlan?: Stage } }
      executionStats: { totalDocsExamined: number; totalKeysExamined: number; nReturned: number }
    }
    const stages = stagesOf(queryPlanner.winningPlan.queryPlan ?? queryPlanner.winningPlan)
    expect(stages).toContain('IXSCAN')
    expect(stages).not.toContain('COLLSCAN')
    expect(stages).not.toContain('SORT')
    expect(executionStats.totalDocsExamined).toBeLessThan(limit * 10)
    expect(executionStats.totalKeysExamined).toBeLessThan(limit * 10 + 100)
  })
})

test('a line that comes again is stored once, and a new retention holds for what is there', async () => {
  const line = aLine({ message: 'Once' })
  expect(await insertLines(logs.lines, [line, aLine()], start)).toBe(2)
  expect(await insertLines(logs.lines, [line, aLine()], start)).toBe(1)
  expect(await findLines(logs.lines, { filter: readyFilterOf({ text: 'once' }), limit: 10 })).toEqual([line])
  await prepareLines(logs.db, 120_000, logs.context.log)
  expect(await logs.lines.indexes()).toContainEqual(
    expect.objectContaining({ key: { storedAt: 1 }, expireAfterSeconds: 120 })
  )
})
