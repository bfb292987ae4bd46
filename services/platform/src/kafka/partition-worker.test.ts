import { describe, expect, it } from 'vitest'
import { Type } from 'typebox'
import { defineEvent } from '@gavel/contracts/define.ts'
import { Fault, Refusal } from '../errors.ts'
import { createLog } from '../log.ts'
import type { DeadLetter } from './dead-letters.ts'
import { encodeEvent, type RawMessage } from './events.ts'
import { replayMarks } from './replay.ts'
import { PartitionWorker, type RetryOptions } from './partition-worker.ts'

const Counted = defineEvent('Counted', 1, 'A number was counted.', Type.Object({ number: Type.Integer() }))

function message(number: number): RawMessage {
  const { key, value, headers } = encodeEvent({
    definition: Counted,
    key: 'k',
    data: { number },
    id: `e${number}`,
    source: 't',
    time: 1000
  })
  return { key: Buffer.from(key), value: Buffer.from(value), headers, timestamp: '1000', offset: String(number) }
}
const broken = (offset: number): RawMessage => ({
  key: null,
  value: Buffer.from('?'),
  headers: {},
  timestamp: '0',
  offset: String(offset)
})
const upTo = (count: number): RawMessage[] => Array.from({ length: count }, (_, index) => message(index))

interface Given {
  /** Throws where a call with these numbers fails. */
  fail?: (numbers: number[], call: number) => void
  bury?: (letter: DeadLetter) => void
  retry?: Partial<RetryOptions>
  replays?: 'handle' | 'pass-over'
}

function aWorker({ fail, bury, retry, replays = 'pass-over' }: Given = {}) {
  const calls: number[][] = []
  const handled: number[] = []
  const outcomes: Record<string, number> = {}
  const buried: { number: string; reason: string; attempts: number }[] = []
  const worker = new PartitionWorker({
    topic: 'facts',
    definitions: new Map([[Counted.type, Counted]]),
    batchSize: 100,
    group: 'reader.facts',
    replays: { group: 'reader.facts', handle: replays === 'handle' },
    retry: { attempts: 3, initialDelayMs: 100, maxDelayMs: 1000, untilReachable: true, ...retry },
    handle: async (events) => {
      const numbers = events.map(({ data }) => (data as { number: number }).number)
      calls.push(numbers)
      fail?.(numbers, calls.length)
      handled.push(...numbers)
    },
    bury: async (letter) => {
      bury?.(letter)
      buried.push({ number: letter.message.offset, reason: letter.reason, attempts: letter.attempts })
    },
    metrics: {
      lag() {},
      forget() {},
      events: (outcome, count) => void (outcomes[outcome] = (outcomes[outcome] ?? 0) + count),
      batch() {},
      retried() {},
      buried() {},
      connected() {}
    },
    log: createLog({ service: 't', level: 'silent' })
  })
  return { worker, calls, handled, buried, outcomes }
}

describe('what is sent again', () => {
  const marked = (index: number, group: string): RawMessage => {
    const plain = message(index)
    return { ...plain, headers: { ...plain.headers, ...replayMarks(group, 'a-replay') } }
  }
  it.each([
    ['for another group is passed over', 'other.facts', 'handle', [0, 2], { handled: 2, 'passed-over': 1 }],
    [
      'for this group is fenced off, unless it says otherwise',
      'reader.facts',
      undefined,
      [0, 2],
      { handled: 2, fenced: 1 }
    ],
    ['for this group is handled where that does no harm', 'reader.facts', 'handle', [0, 1, 2], { handled: 3 }]
  ] as const)('%s', async (_, group, replays, numbers, told) => {
    const { worker, handled, outcomes } = aWorker(replays && { replays })
    expect(await worker.work(0, [message(0), marked(1, group), message(2)])).toEqual({
      doneOffset: '2',
      pauseMs: undefined
    })
    expect([handled, outcomes]).toEqual([numbers, told])
  })
})

describe('a batch', () => {
  it('that goes well is handled in one call', async () => {
    const { worker, calls } = aWorker()
    expect(await worker.work(0, upTo(50))).toEqual({ doneOffset: '49', pauseMs: undefined })
    expect(calls).toHaveLength(1)
  })

  it('with a fault is left for later, with pauses that grow up to a limit', async () => {
    const { worker, handled } = aWorker({
      fail: () => {
        throw new Fault('x')
      },
      retry: { attempts: 20 }
    })
    const pauses: number[] = []
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const { doneOffset, pauseMs } = await worker.work(0, upTo(attempt + 1))
      expect(doneOffset).toBeUndefined()
      pauses.push(pauseMs!)
    }
    expect(pauses[0]).toBeLessThan(130)
    expect(pauses[3]).toBeGreaterThan(590)
    expect(Math.max(...pauses)).toBeLessThanOrEqual(1250)
    expect(handled).toEqual([])
  })

  it('is narrowed down to the culprit of a bug, in about 2 log n calls, and every other event is handled once, in order', async () => {
    const { worker, calls, handled, buried } = aWorker({
      fail: (numbers) => {
        if (numbers.includes(13)) throw new TypeError('13')
      }
    })
    expect(await worker.work(0, upTo(64))).toEqual({ doneOffset: '63', pauseMs: undefined })
    expect(buried).toEqual([{ number: '13', reason: 'bug', attempts: 1 }])
    expect(handled).toEqual(Array.from({ length: 64 }, (_, index) => index).filter((number) => number !== 13))
    expect(calls.length).toBeLessThanOrEqual(13)
  })

  it('that is a fault to its last attempt loses only its culprit', async () => {
    const { worker, handled, buried } = aWorker({
      fail: (numbers) => {
        if (numbers.includes(2)) throw new Fault('no')
      }
    })
    expect((await worker.work(0, upTo(4))).pauseMs).toBeGreaterThan(0)
    expect((await worker.work(0, upTo(4))).pauseMs).toBeGreaterThan(0)
    expect(await worker.work(0, upTo(4))).toEqual({ doneOffset: '3', pauseMs: undefined })
    expect(handled).toEqual([0, 1, 3])
    expect(buried).toMatchObject([{ number: '2', reason: 'fault' }])
  })

  it('is never given up while a part cannot be reached', async () => {
    const { worker, buried } = aWorker({
      fail: () => {
        throw new Fault('away', { unreachable: true })
      }
    })
    for (let attempt = 0; attempt < 50; attempt += 1) expect((await worker.work(0, upTo(4))).pauseMs).toBeGreaterThan(0)
    expect(buried).toEqual([])
  })

  it('keeps what it has done when a part goes away in the middle of the search for a culprit', async () => {
    const { worker, handled } = aWorker({
      fail: (numbers, call) => {
        if (call === 3) throw new Fault('away', { unreachable: true })
        if (numbers.includes(3)) throw new TypeError('3')
      }
    })
    const first = await worker.work(0, upTo(4))
    expect(first.pauseMs).toBeGreaterThan(0)
    const rest = upTo(4).filter(
      ({ offset }) => first.doneOffset === undefined || Number(offset) > Number(first.doneOffset)
    )
    expect(await worker.work(0, rest)).toEqual({ doneOffset: '3', pauseMs: undefined })
    expect(handled).toEqual([0, 1, 2])
  })

  it('passes over a refused event and handles its neighbours', async () => {
    const { worker, handled, buried } = aWorker({
      fail: (numbers) => {
        if (numbers.includes(1)) throw new Refusal('INVALID_INPUT')
      }
    })
    expect(await worker.work(0, upTo(4))).toEqual({ doneOffset: '3', pauseMs: undefined })
    expect([handled, buried]).toEqual([[0, 2, 3], []])
  })

  it('puts away what cannot be read, in its place', async () => {
    const { worker, handled, buried } = aWorker()
    expect(await worker.work(0, [message(0), broken(1), broken(2), message(3)])).toEqual({
      doneOffset: '3',
      pauseMs: undefined
    })
    expect(handled).toEqual([0, 3])
    expect(buried.map(({ number }) => number)).toEqual(['1', '2'])
  })

  it('waits at an event that can neither be handled nor put away', async () => {
    const { worker, handled } = aWorker({
      fail: (numbers) => {
        if (numbers.includes(1)) throw new TypeError('1')
      },
      bury: () => {
        throw new Fault('no broker')
      }
    })
    const progress = await worker.work(0, upTo(3))
    expect(progress).toMatchObject({ doneOffset: '0', pauseMs: expect.any(Number) })
    expect(handled).toEqual([0])
  })

  it('with a fault that cannot be retried is narrowed down at once', async () => {
    const { worker, buried } = aWorker({
      fail: (numbers) => {
        if (numbers.includes(0)) throw new Fault('never', { retryable: false })
      }
    })
    expect(await worker.work(0, upTo(2))).toEqual({ doneOffset: '1', pauseMs: undefined })
    expect(buried).toMatchObject([{ number: '0', reason: 'fault' }])
  })
})
