import { storedLineOf, type StoredLine } from '../src/domain/line.ts'

let count = 0

/** A line as a service writes it; its message is its number where none is given. */
export function aLine(change: Record<string, unknown> & { time?: number } = {}): StoredLine {
  count += 1
  const { time = 1_700_000_000_000 + count, ...rest } = change
  const text = JSON.stringify({
    level: 'info',
    time: new Date(time).toISOString(),
    service: 'order',
    message: `Line ${count}`,
    ...rest
  })
  return storedLineOf({ id: `test.${String(count).padStart(12, '0')}`, text, timestamp: time })
}
