import * as fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { appendEvents } from '../src/store/append-events.ts'
import { makePartitions } from '../src/store/partitions.ts'
import { findEvent, findEvents, readHead } from '../src/store/read-events.ts'
import { verifyChain } from '../src/store/verify-chain.ts'
import { aLog, anEvent, record, wholeLog } from './log-under-test.ts'

let log: Awaited<ReturnType<typeof aLog>>
beforeAll(async () => {
  log = await aLog()
})
afterAll(() => log.release())

/** Takes the guards off for a moment, as only the owner of the database can. */
async function behindItsBack(statement: string): Promise<void> {
  const { rows } = await log.pool.query<{ name: string; trigger: string }>(
    `select tgrelid::regclass::text as name, tgname as trigger from pg_trigger where not tgisinternal`
  )
  const switched = (how: string): string =>
    rows.map(({ name, trigger }) => `alter table ${name} ${how} trigger ${trigger}`).join(';')
  await log.pool.query(`${switched('disable')}; ${statement}; ${switched('enable always')}`)
}
const empty = (): Promise<void> =>
  behindItsBack(`truncate events, event_positions;
    update log_head set position = 0, hash = decode(repeat('00', 32), 'hex'), recorded_at = to_timestamp(0)`)
afterEach(empty)

const events = (count: number, from = 1) => Array.from({ length: count }, (_, index) => anEvent(from + index))

describe('appending', () => {
  test('gives positions without a gap and keeps every member as it came', async () => {
    const odd = anEvent('odd', {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      offset: 2 ** 40,
      data: {
        text: 'nul \u0000, half \ud800, backslash \\u0000, ümlaut 🎈',
        number: 1e21,
        small: 5e-324,
        zero: 0,
        list: [null, true]
      }
    })
    const { subject: _subject, ...withoutSubject } = anEvent('plain')
    const recorded = await record(log.pool, [odd, withoutSubject, ...events(3)])
    expect(recorded.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5])
    expect(await wholeLog(log.pool)).toEqual(recorded)
    expect(recorded[0]).toMatchObject(odd)
    expect(recorded[1]).not.toHaveProperty('subject')
    expect(await verifyChain(log.pool, { from: 1, to: 5 })).toMatchObject({ checked: 5, broken: undefined })
  })

  test('an event that comes again is recorded once, within a batch, after it, and in two batches at once', async () => {
    await record(log.pool, [...events(5), ...events(5)])
    await record(log.pool, events(8, 3))
    await Promise.all([
      record(log.pool, events(10, 5)),
      record(log.pool, events(10, 5)),
      record(log.pool, events(10, 5))
    ])
    expect((await wholeLog(log.pool)).map(({ eventId }) => eventId)).toEqual(events(14).map(({ eventId }) => eventId))
  })

  test('the same id on another topic is another event', async () => {
    await record(log.pool, [anEvent(1), anEvent(1, { topic: 'orders', subject: 'other' })])
    expect(await findEvent(log.pool, 'event-1')).toMatchObject({ position: 1, topic: 'users' })
    expect(await findEvent(log.pool, 'event-1', 'orders')).toMatchObject({ position: 2, subject: 'other' })
    expect(await findEvent(log.pool, 'event-2')).toBeUndefined()
  })

  test('a batch with an event that the database does not take leaves nothing behind', async () => {
    await record(log.pool, events(2))
    const unstorable = anEvent(4, { key: 'nul \u0000' })
    await expect(appendEvents(log.pool, [anEvent(3), unstorable], 1)).rejects.toThrow(/invalid byte sequence/)
    expect((await readHead(log.pool)).position).toBe(2)
    await record(log.pool, events(2, 3))
    expect(await verifyChain(log.pool, { from: 1, to: 9 })).toMatchObject({ to: 4, checked: 4, broken: undefined })
  })

  test('the time of recording never goes back, and a month without a partition gets one', async () => {
    const march = Date.UTC(2031, 2, 15)
    await record(log.pool, events(1), march)
    await record(log.pool, events(1, 2), march - 90 * 24 * 60 * 60_000)
    await record(log.pool, events(1, 3), Date.UTC(2031, 3, 1))
    expect((await wholeLog(log.pool)).map(({ recordedAt }) => recordedAt)).toEqual([march, march, Date.UTC(2031, 3, 1)])
    const { rows } = await log.pool.query(`select tableoid::regclass::text as partition from events order by position`)
    expect(rows.map(({ partition }) => partition as string)).toEqual([
      'events_2031_03',
      'events_2031_03',
      'events_2031_04'
    ])
  })
})

test('writers that meet in a month without a partition make it together, once', async () => {
  const connections = await Promise.all([1, 2, 3, 4].map(() => log.pool.connect()))
  try {
    for (let month = 0; month < 12; month += 1) {
      const at = new Date(Date.UTC(2050, month, 1))
      const made = await Promise.all(
        connections.map(
          async (client) =>
            (await client.query('select make_events_partition($1) as made', [at])).rows[0].made as boolean
        )
      )
      expect(made.filter(Boolean)).toHaveLength(1)
    }
  } finally {
    for (const client of connections) client.release()
  }
})

describe('positions under concurrency', () => {
  test('whatever batches are written at once, a reader never sees a hole, and every writer’s order is kept', async () => {
    const drawing = fc.array(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 4 }), {
      minLength: 2,
      maxLength: 5
    })
    await fc.assert(
      fc.asyncProperty(drawing, async (writers) => {
        await empty()
        let writing = true
        const holes: number[][] = []
        const reading = (async () => {
          while (writing) {
            const seen = (await wholeLog(log.pool)).map(({ position }) => position)
            if (seen.some((position, index) => position !== index + 1)) holes.push(seen)
          }
        })()
        await Promise.all(
          writers.map(async (batches, writer) => {
            let offset = 0
            for (const size of batches) {
              const batch = Array.from({ length: size }, () =>
                anEvent(`${writer}-${(offset += 1)}`, { partition: writer, offset })
              )
              await record(log.pool, batch)
            }
          })
        )
        writing = false
        await reading
        expect(holes).toEqual([])
        const all = await wholeLog(log.pool)
        const total = writers.flat().reduce((sum, size) => sum + size, 0)
        expect(all.map(({ position }) => position)).toEqual(Array.from({ length: total }, (_, index) => index + 1))
        for (const [, own] of Map.groupBy(all, ({ partition }) => partition)) {
          expect(own.map(({ offset }) => offset)).toEqual(own.map((_, index) => index + 1))
        }
        expect((await verifyChain(log.pool, { from: 1, to: total })).broken).toBeUndefined()
      }),
      { numRuns: 12 }
    )
  })
})

describe('the database itself', () => {
  test.each([
    `update events set source = 'x'`,
    `update events set source = 'x' where position = -1`,
    `delete from events`,
    `truncate events`,
    `update events_2031_03 set source = 'x'`,
    `delete from events_2031_03`,
    `truncate events_2031_03`,
    `delete from event_positions`,
    `update event_positions set position = 9`,
    `truncate event_positions`,
    `delete from log_head`,
    `truncate log_head`,
    `update log_head set position = 0`
  ])('refuses: %s', async (statement) => {
    await record(log.pool, events(2), Date.UTC(2031, 2, 15))
    await expect(log.pool.query(statement)).rejects.toThrow(/is refused|forward only/)
    const client = await log.pool.connect()
    try {
      await client.query(`begin; set local session_replication_role = replica`)
      await expect(client.query(statement)).rejects.toThrow(/is refused|forward only/)
    } finally {
      await client.query('rollback')
      client.release()
    }
    expect(await wholeLog(log.pool)).toHaveLength(2)
  })

  test('gives the owner of the tables no right to change events', async () => {
    await makePartitions(log.pool, Date.UTC(2031, 2, 15), 1)
    const { rows } = await log.pool.query(
      `select table_name from information_schema.role_table_grants
        where table_name like 'event%' and privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE')`
    )
    expect(rows).toEqual([])
  })

  test('partitions are made ahead, once, by whoever looks first', async () => {
    const now = Date.UTC(2040, 10, 30)
    const made = await Promise.all([1, 2, 3].map(() => makePartitions(log.pool, now, 3)))
    expect(made.reduce<number>((sum, count) => sum + (count ?? 0), 0)).toBe(4)
    expect(await makePartitions(log.pool, now, 3)).toBe(0)
    const { rows } = await log.pool.query(`select to_regclass('events_2041_02') is not null as there`)
    expect(rows[0]).toEqual({ there: true })
  })
})

describe('verifying', () => {
  const whole = () => verifyChain(log.pool, { from: 1, to: 100 })

  test.each([
    [`update events set data = '{"userId": "other"}' where position = 4`, { position: 4, reason: 'altered' }],
    [`update events set key = 'other' where position = 4`, { position: 4, reason: 'altered' }],
    [`update events set time = time + interval '1 millisecond' where position = 4`, { position: 4, reason: 'altered' }],
    [`delete from events where position = 4`, { position: 4, reason: 'missing' }],
    [`delete from events where position = 10`, { position: 10, reason: 'missing' }],
    [`update log_head set hash = decode(repeat('11', 32), 'hex')`, { position: 10, reason: 'unlinked' }]
  ])('finds: %s', async (statement, broken) => {
    await record(log.pool, events(10))
    expect(await whole()).toMatchObject({ checked: 10, broken: undefined })
    await behindItsBack(statement)
    expect((await whole()).broken).toEqual(broken)
  })

  test('a row whose own hash was made right again does not follow the one before, or is not followed', async () => {
    const recorded = await record(log.pool, events(10))
    const { hashOf } = await import('../src/domain/chain.ts')
    const forged = hashOf({ ...recorded[3]!, key: 'other' })
    await behindItsBack(`update events set key = 'other', hash = decode('${forged}', 'hex') where position = 4`)
    expect((await whole()).broken).toEqual({ position: 5, reason: 'unlinked' })
    expect((await verifyChain(log.pool, { from: 6, to: 10 })).broken).toBeUndefined()
  })
})

test('every way to ask is answered from an index', async () => {
  const now = Date.now()
  for (let batch = 0; batch < 4; batch += 1) {
    const many = Array.from({ length: 1_000 }, (_, index) =>
      anEvent(batch * 1_000 + index, {
        time: now + index,
        key: `key-${index % 100}`,
        type: `gavel.Type${index % 20}.v1`,
        data: { sale: { orderNumber: `a.${index}` } }
      })
    )
    await record(log.pool, many, now)
  }
  await log.pool.query('analyze events')
  const plan = async (where: string): Promise<string> => {
    const { rows } = await log.pool.query<{ 'QUERY PLAN': string }>(
      `explain select * from events where ${where} order by position limit 50`
    )
    return rows.map((row) => row['QUERY PLAN']).join('\n')
  }
  // The partitions without rows are read whole, which costs nothing.
  const { rows: filled } = await log.pool.query<{ partition: string }>(
    'select distinct tableoid::regclass::text as partition from events'
  )
  for (const where of [
    `position between 3000 and 9000`,
    `position between 1 and 9000 and key = 'key-7'`,
    `position between 1 and 9000 and subject = 'user-7'`,
    `position between 1 and 9000 and type = 'gavel.Type7.v1'`,
    `position between 1 and 9000 and topic = 'orders'`,
    `position between 1 and 9000 and time >= '2999-01-01'`,
    `order_number = 'a.7' and time <= now() and position > 5`
  ]) {
    expect(await plan(where), where).not.toContain(`Seq Scan on ${filled[0]!.partition} `)
  }
  expect(await findEvents(log.pool, { from: 1, to: 9_000, key: 'key-7', limit: 100 })).toHaveLength(40)
})
