import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fits, readyFilterOf } from './filter.ts'
import { logLineOf, storedLineOf } from './line.ts'
import { wordsOf } from './words.ts'

const shipped = (line: object | string) =>
  storedLineOf({ id: 'p.1', text: typeof line === 'string' ? line : JSON.stringify(line), timestamp: 5 })

describe('a line of a log', () => {
  it('is shown as it was written, each member in its place', () => {
    const line = {
      level: 'warn',
      time: '2026-01-02T03:04:05.678Z',
      service: 'order',
      trace_id: 'a'.repeat(32),
      span_id: 'b'.repeat(16),
      orderNumber: 'lamp.1',
      message: 'Late'
    }
    expect(logLineOf(shipped(line))).toEqual({
      id: 'p.1',
      time: Date.parse(line.time),
      service: 'order',
      level: 'warn',
      message: 'Late',
      traceId: line.trace_id,
      members: { span_id: line.span_id, orderNumber: 'lamp.1' }
    })
  })

  it('is kept whatever it is, and never stops those behind it', () => {
    const anything = fc.oneof(
      fc.string(),
      fc.json(),
      fc.object().map((value) => JSON.stringify(value))
    )
    fc.assert(
      fc.property(anything, (text) => {
        const stored = shipped(text)
        expect(stored.text).toBe(text)
        expect(stored.words.length).toBeLessThanOrEqual(64)
        expect(logLineOf(stored).id).toBe('p.1')
      })
    )
    expect(logLineOf(shipped('no JSON at all'))).toMatchObject({
      service: 'unknown',
      time: 5,
      message: 'no JSON at all'
    })
  })

  it('is found by any word of it but those of a stack', () => {
    const line = shipped({
      message: 'Charge refused',
      error: { type: 'Fault', message: 'card 4242', stack: 'at somewhere.ts' },
      about: [{ productId: 'lamp-7' }]
    })
    for (const text of ['charge', 'REFUSED charge', 'fault', '4242', 'lamp-7']) {
      expect(fits(readyFilterOf({ text }), line), text).toBe(true)
    }
    for (const text of ['char', 'somewhere', 'charge accepted']) {
      expect(fits(readyFilterOf({ text }), line), text).toBe(false)
    }
  })
})

describe('words', () => {
  it('of a part of a text are among the words of the whole, unless it is very long', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }), { maxLength: 20 }),
        fc.nat(),
        (parts, at) => {
          const part = parts[at % Math.max(1, parts.length)] ?? ''
          const whole = wordsOf(parts.join(' '))
          for (const word of wordsOf(part)) if (whole.length < 64) expect(whole).toContain(word)
        }
      )
    )
  })
})
