import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LogBuffer } from './log-buffer.ts'

const texts = (lines: readonly { text: string }[]): string[] => lines.map(({ text }) => text)

describe('lines that wait to be shipped', () => {
  it('go out oldest first, and come again until they are settled', () => {
    const buffer = new LogBuffer({ linesMax: 10, bytesMax: 1000 })
    for (const line of ['a\n', 'b\n', 'c\n']) buffer.write(line)
    expect(texts(buffer.take(2, 1000))).toEqual(['a', 'b'])
    expect(texts(buffer.take(2, 1000))).toEqual(['a', 'b'])
    buffer.settle()
    expect(texts(buffer.take(2, 1000))).toEqual(['c'])
  })

  it('a line that is too long keeps what it is found by and the beginning of what it says', () => {
    const buffer = new LogBuffer({ linesMax: 10, bytesMax: 100_000, lineBytesMax: 10_000 })
    const line = { level: 'error', time: 't', service: 'x', trace_id: 'abc', message: 'm'.repeat(20_000) }
    const written = JSON.stringify(line)
    buffer.write(written)
    const [kept] = buffer.take(1, 100_000)
    expect(JSON.parse(kept!.text)).toMatchObject({ ...line, message: 'm'.repeat(8192), cutFromBytes: written.length })
    buffer.settle()
    buffer.write('not JSON '.repeat(2000))
    expect(JSON.parse(buffer.take(1, 100_000)[0]!.text)).toMatchObject({ cutFromBytes: 18_000 })
  })

  it('stays within its bounds whatever happens, loses nothing that it does not count, and keeps the order', () => {
    const step = fc.oneof(
      fc.record({ write: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ take: fc.integer({ min: 1, max: 8 }) }),
      fc.constant('settle' as const)
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const buffer = new LogBuffer({ linesMax: 12, bytesMax: 200 })
        const arrived: number[] = []
        let written = 0
        let taken: readonly { sequence: number }[] = []
        for (const each of steps) {
          if (each === 'settle') {
            arrived.push(...taken.map(({ sequence }) => sequence))
            taken = []
            buffer.settle()
          } else if ('write' in each) {
            written += 1
            buffer.write('x'.repeat(each.write))
          } else taken = buffer.take(each.take, 100)
          expect(buffer.lines).toBeLessThanOrEqual(12)
          expect(buffer.bytes).toBeLessThanOrEqual(200)
          expect(arrived.length + buffer.lines + buffer.dropped).toBe(written)
        }
        expect(arrived).toEqual(arrived.toSorted((a, b) => a - b))
        expect(new Set(arrived).size).toBe(arrived.length)
      })
    )
  })
})
