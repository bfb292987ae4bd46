import { logLevels, type LogLevel, type LogLine } from '@gavel/contracts/api/logs.ts'
import { textsIn, wordsOf } from './words.ts'

/** A line as it is kept: what it is found by beside the line itself, which stays text, so that no member of it can trouble the store. */
export interface StoredLine {
  /** Process and number, so that a line that comes twice is stored once. */
  id: string
  time: number
  service: string
  /** The place in {@link logLevels}. */
  level: number
  traceId?: string
  words: string[]
  text: string
}

/** A line as it was shipped. */
export interface ShippedLine {
  id: string
  text: string
  /** When the broker took it; where the line itself says nothing of when it was written. */
  timestamp: number
}

export const rankOf = (level: LogLevel): number => logLevels.indexOf(level)

/** The names under which pino writes what has a place of its own here. */
const placed = new Set(['time', 'service', 'level', 'message', 'trace_id'])
/** A stack has hundreds of words, and its first line is the message. */
const unsearched = new Set(['stack', 'span_id', 'pid', 'hostname'])

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Kept as the message below: a log that loses what it cannot read is none.
  }
  return { message: text }
}

const searched = (value: unknown, depth = 3): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && depth > 0
    ? Object.fromEntries(
        Object.entries(value).flatMap(([name, each]) =>
          unsearched.has(name) ? [] : [[name, searched(each, depth - 1)]]
        )
      )
    : value

/** Takes whatever was shipped and never throws: a line that nobody can read must not stop those behind it. */
export function storedLineOf({ id, text, timestamp }: ShippedLine): StoredLine {
  const line = parsed(text)
  const time = typeof line['time'] === 'string' ? Date.parse(line['time']) : Number.NaN
  const traceId = line['trace_id']
  const rank = logLevels.findIndex((level) => level === line['level'])
  const { message, ...rest } = line
  const others = Object.fromEntries(Object.entries(rest).filter(([name]) => !placed.has(name)))
  return {
    id,
    time: Number.isFinite(time) && time >= 0 ? time : timestamp,
    service: (typeof line['service'] === 'string' ? line['service'] : 'unknown').slice(0, 60),
    level: rank === -1 ? rankOf('info') : rank,
    ...(typeof traceId === 'string' && /^[0-9a-f]{32}$/.test(traceId) ? { traceId } : {}),
    words: wordsOf(...textsIn(message), ...textsIn(searched(others))),
    text
  }
}

/** The line as the API shows it. */
export function logLineOf(stored: StoredLine): LogLine {
  const line = parsed(stored.text)
  const { message } = line
  return {
    id: stored.id,
    time: stored.time,
    service: stored.service,
    level: logLevels[stored.level] ?? 'info',
    message: typeof message === 'string' ? message : '',
    ...(stored.traceId === undefined ? {} : { traceId: stored.traceId }),
    members: Object.fromEntries(Object.entries(line).filter(([name]) => !placed.has(name)))
  }
}
