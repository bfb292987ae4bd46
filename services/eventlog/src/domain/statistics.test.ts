import type { RecordedEvent } from '@gavel/contracts/api/eventlog.ts'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { aBusyTime, plainRows } from '../../test/plain-statistics.ts'
import { dice, type Told } from '../../test/stories.ts'
import { growthOf, type Growth, type KeptFrom } from './statistics.ts'

const asRecorded = ({ topic, definition, id, ...event }: Told): RecordedEvent => ({
  ...event,
  eventId: id,
  type: definition.type,
  topic: topic.name,
  partition: 0,
  offset: 0,
  position: 1,
  recordedAt: event.time,
  data: event.data as Record<string, unknown>,
  previousHash: '',
  hash: ''
})

const rowsOf = (growth: readonly Growth[]): string[] => {
  const sums = new Map<string, number>()
  for (const { figure, window, start, subject, label, value } of growth) {
    if (figure === 'saga-durations') continue
    const key = `${figure} ${window} ${start} ${subject || '-'} ${label}`
    sums.set(key, (sums.get(key) ?? 0) + value)
  }
  return [...sums].map(([key, value]) => `${key} ${value}`).toSorted()
}

test('in any order and in any batches, late ones too, the figures are what a plain recount gives', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 40 }), (seed, shuffle, size) => {
      const events = aBusyTime('a', 4, dice(seed))
      const roll = dice(shuffle)
      const shuffled = events
        .map((event) => ({ event, place: roll(1_000_000) }))
        .toSorted((left, right) => left.place - right.place)
        .map(({ event }) => asRecorded(event))
      const growth: Growth[] = []
      for (let start = 0; start < shuffled.length; start += size)
        growth.push(...growthOf(shuffled.slice(start, start + size), {}))
      expect(rowsOf(growth)).toEqual(plainRows(events))
    }),
    { numRuns: 60 }
  )
})

test('a window that is no longer kept does not begin anew', () => {
  const events = aBusyTime('a', 6, dice(1)).map(asRecorded)
  const times = events.map(({ time }) => time).toSorted((left, right) => left - right)
  const keptFrom: KeptFrom = { second: times[Math.floor(times.length / 2)]! }
  const kept = growthOf(events, keptFrom)
  expect(kept.filter(({ window }) => window === 'second').every(({ start }) => start >= keptFrom.second!)).toBe(true)
  const wide = (growth: Growth[]) => growth.filter(({ window }) => window !== 'second')
  expect(wide(kept)).toEqual(wide(growthOf(events, {})))
})
