import type { DeadLetterReason } from '@gavel/contracts/api/dead-letters.ts'

/** What a consumer group has put away, and what its headers tell of how it came there. */

export type HeaderValue = Buffer | string | (Buffer | string)[] | undefined
/** One entry for each value, in their order; the value is in base64. */
export type StoredHeader = [name: string, value: string]

export interface FallenRecord {
  partition: number
  offset: string
  key: Buffer | null
  value: Buffer | null
  headers: Record<string, HeaderValue>
  timestamp: number
}

/** Where it fell: told by the dead letter topic, never by a header, so that no record can choose where it is sent. */
export interface Origin {
  deadLetterTopic: string
  group: string
  topic: string
}

export interface UnstoredDeadLetter extends Origin {
  deadLetterPartition: number
  deadLetterOffset: string
  diedAt: number
  partition: number | null
  offset: number | null
  key: Buffer | null
  value: Buffer | null
  headers: StoredHeader[]
  reason: DeadLetterReason
  error: string
  attempts: number | null
}

/** Headers of this form were added when the record was put away; all others are its own. */
const ADDED = 'dead_'
const ERROR_LENGTH = 1_000
const LARGEST_INTEGER = 2 ** 31 - 1
const LATEST_MS = 8_640_000_000_000_000
const reasons: readonly DeadLetterReason[] = ['undecodable', 'bug', 'fault']

const valuesOf = (value: HeaderValue): (Buffer | string)[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value]

const storedHeaders = (headers: Record<string, HeaderValue>): StoredHeader[] =>
  Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith(ADDED)
      ? []
      : valuesOf(value).map((each): StoredHeader => [name, Buffer.from(each).toString('base64')])
  )

/** Total: a record of any form becomes a dead letter, and what its headers do not tell stays unknown. */
export function deadLetterOf(origin: Origin, record: FallenRecord): UnstoredDeadLetter {
  const told = (name: string): string | undefined => valuesOf(record.headers[`${ADDED}${name}`])[0]?.toString()
  const count = (name: string, largest: number): number | null => {
    const text = told(name)
    return text !== undefined && /^\d{1,16}$/.test(text) && Number(text) <= largest ? Number(text) : null
  }
  const diedAt = Date.parse(told('time') ?? '')
  return {
    ...origin,
    deadLetterPartition: record.partition,
    deadLetterOffset: record.offset,
    diedAt: diedAt >= 0 && diedAt <= LATEST_MS ? diedAt : Math.max(0, record.timestamp),
    partition: count('partition', LARGEST_INTEGER),
    offset: count('offset', Number.MAX_SAFE_INTEGER),
    key: record.key,
    value: record.value,
    headers: storedHeaders(record.headers),
    reason: reasons.find((reason) => reason === told('reason')) ?? 'unknown',
    // PostgreSQL's text takes no NUL character, and half of a surrogate pair would not be UTF-8.
    error: (told('error') ?? '').replaceAll('\u0000', '').slice(0, ERROR_LENGTH).toWellFormed(),
    attempts: count('attempts', LARGEST_INTEGER)
  }
}

/** A header may be there several times; the client takes such as a list. */
export function replayHeaders(headers: readonly StoredHeader[]): Record<string, Buffer | Buffer[]> {
  const byName = new Map<string, Buffer[]>()
  for (const [name, value] of headers) byName.set(name, [...(byName.get(name) ?? []), Buffer.from(value, 'base64')])
  return Object.fromEntries([...byName].map(([name, values]) => [name, values.length === 1 ? values[0]! : values]))
}

/** For people: the value of each header as text, of several the first. */
export const headersAsText = (headers: readonly StoredHeader[]): Record<string, string> =>
  Object.fromEntries(headers.toReversed().map(([name, value]) => [name, Buffer.from(value, 'base64').toString('utf8')]))

/** The value as JSON where it is that, else as it is. */
export function payloadOf(value: Buffer | null): { payload: unknown } | { payloadBase64: string } | undefined {
  if (value === null) return undefined
  try {
    return { payload: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(value)) as unknown }
  } catch {
    return { payloadBase64: value.toString('base64') }
  }
}
