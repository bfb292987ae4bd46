import type { RecordedEvent } from '@gavel/contracts/api/eventlog.ts'
import { describe, expect, test } from 'vitest'
import { canonicalize } from './canonical.ts'
import { appendToChain, ChainWalk, GENESIS_HASH, hashOf, type Unrecorded } from './chain.ts'

const anEvent = (number: number): Unrecorded => ({
  eventId: `event-${number}`,
  type: 'gavel.Something.v1',
  source: 'test',
  topic: 'things',
  partition: 0,
  offset: number,
  key: 'key',
  time: number,
  data: { b: number, a: [1, { d: null, c: 'ü' }] }
})
const genesis = { position: 0, hash: GENESIS_HASH, recordedAt: 0 }
const chain = (): RecordedEvent[] => appendToChain(genesis, [1, 2, 3, 4, 5].map(anEvent), 1_000)
const walked = (events: readonly RecordedEvent[]): ChainWalk => {
  const walk = new ChainWalk(genesis)
  walk.walk(events)
  walk.end(5)
  return walk
}

describe('canonical JSON', () => {
  test('is the same for equal values, however they were written', () => {
    expect(canonicalize({ b: [1e21, -0, 'é"\u0000'], a: { d: undefined, c: null } })).toBe(
      '{"a":{"c":null},"b":[1e+21,0,"é\\"\\u0000"]}'
    )
  })
})

describe('a chain', () => {
  test('begins at the genesis and links each event to the one before', () => {
    const events = chain()
    expect(events[0]!.previousHash).toBe(GENESIS_HASH)
    expect(events.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5])
    expect(walked(events)).toMatchObject({ broken: undefined, last: { position: 5, hash: events[4]!.hash } })
  })

  test('grown in pieces is the chain grown at once', () => {
    const first = appendToChain(genesis, [anEvent(1), anEvent(2)], 1_000)
    const head = { position: 2, hash: first[1]!.hash, recordedAt: 1_000 }
    expect([...first, ...appendToChain(head, [3, 4, 5].map(anEvent), 1_000)]).toEqual(chain())
  })

  test('never records an event before the one in front of it', () => {
    const [event] = appendToChain({ ...genesis, recordedAt: 5_000 }, [anEvent(1)], 4_000)
    expect(event!.recordedAt).toBe(5_000)
  })

  test.each(Object.keys(chain()[2]!).filter((member) => member !== 'position'))(
    'with another %s is broken there',
    (member) => {
      const events = chain()
      const other = { ...events[2]!, [member]: member === 'data' ? {} : member.endsWith('ash') ? '1'.repeat(64) : 77 }
      expect(walked(events.with(2, other as RecordedEvent)).broken).toEqual({ position: 3, reason: 'altered' })
    }
  )

  test('without an event, with two exchanged, or with one put between is broken there', () => {
    const events = chain()
    expect(walked(events.toSpliced(2, 1)).broken).toEqual({ position: 3, reason: 'missing' })
    expect(walked(events.slice(0, 4)).broken).toEqual({ position: 5, reason: 'missing' })
    expect(walked([events[0]!, events[2]!, events[1]!, ...events.slice(3)]).broken).toEqual({
      position: 2,
      reason: 'missing'
    })
    expect(walked(events.toSpliced(2, 0, events[1]!)).broken).toEqual({ position: 2, reason: 'unlinked' })
  })

  test('with an event forged whole does not go on behind it', () => {
    const events = chain()
    const forged = { ...events[2]!, key: 'other' }
    expect(walked(events.with(2, { ...forged, hash: hashOf(forged) })).broken).toEqual({
      position: 4,
      reason: 'unlinked'
    })
  })
})
