import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { request } from 'undici'
import type { CalendarReading, RateReading } from './state.ts'

const timeoutMs = 3_000
const bodyMaxBytes = 4_000_000
const addressesMax = 100
const pagesMax = 20

/** Figures over HTTP. Whatever is not a number, whole and in time, throws: an empty answer is no zero. */
async function fetchText(url: URL, headers: Record<string, string> = {}): Promise<string> {
  const { statusCode, body } = await request(url, {
    headers,
    signal: AbortSignal.timeout(timeoutMs),
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs
  })
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of body) {
    text += decoder.decode(chunk as Uint8Array, { stream: true })
    if (text.length > bodyMaxBytes) throw new Error(`${url.host} answered with more than ${bodyMaxBytes} bytes`)
  }
  if (statusCode !== 200) throw new Error(`${url.host} answered ${statusCode}`)
  return text
}

export async function readPrometheus({ url, query }: { url: string; query: string }): Promise<RateReading> {
  const address = new URL(`${url.replace(/\/$/, '')}/api/v1/query`)
  address.searchParams.set('query', query)
  const { data } = JSON.parse(await fetchText(address)) as {
    data?: { resultType?: string; result?: unknown }
  }
  const samples =
    data?.resultType === 'scalar'
      ? [data.result as [number, string]]
      : ((data?.result ?? []) as { value?: [number, string] }[]).map(({ value }) => value)
  if (samples.length === 0) throw new Error('the query has no result')
  return { perSecond: sumOf(samples.map((sample) => Number(sample?.[1] ?? NaN))) }
}

export interface Endpoint {
  url: string
  metric?: string
  field?: string
  counter?: boolean
}

/** Asks every address of the host, so that a headless Service gives all of its pods; one that does not answer fails the reading. */
export async function readEndpoint({ url, metric, field, counter }: Endpoint): Promise<RateReading> {
  const figures = await Promise.all(
    (await addressesOf(new URL(url))).map(async ({ address, host }): Promise<[string, number]> => {
      const text = await fetchText(address, host === undefined ? {} : { host })
      return [address.host, metric === undefined ? fieldOf(text, field ?? '') : metricOf(text, metric)]
    })
  )
  if (counter) return { counters: Object.fromEntries(figures) }
  return { perSecond: sumOf(figures.map(([, figure]) => figure)) }
}

export const readGauge = async ({ url, metric }: { url: string; metric: string }): Promise<number> => {
  const reading = await readEndpoint({ url, metric })
  return 'perSecond' in reading ? reading.perSecond : NaN
}

async function addressesOf(url: URL): Promise<{ address: URL; host?: string }[]> {
  const name = url.hostname.replace(/^\[|\]$/g, '')
  // A certificate names the host and not its addresses.
  if (url.protocol !== 'http:' || isIP(name) !== 0) return [{ address: url }]
  const found = await lookup(name, { all: true })
  const family = found[0]?.family
  return found
    .filter((each) => each.family === family)
    .slice(0, addressesMax)
    .map(({ address, family: kind }) => {
      const direct = new URL(url)
      direct.hostname = kind === 6 ? `[${address}]` : address
      return { address: direct, host: url.host }
    })
}

/** Sum over the labels of one name on a page in Prometheus' text format. */
export function metricOf(text: string, metric: string): number {
  const figures = text.split('\n').flatMap((line) => {
    if (!line.startsWith(metric)) return []
    const rest = line.slice(metric.length)
    if (rest[0] !== '{' && rest[0] !== ' ') return []
    const value = rest[0] === '{' ? rest.slice(rest.lastIndexOf('}') + 1) : rest
    return [Number(value.trim().split(/\s+/)[0])]
  })
  if (figures.length === 0) throw new Error(`there is no ${metric} on the page`)
  return sumOf(figures)
}

export function fieldOf(text: string, field: string): number {
  let value: unknown = JSON.parse(text)
  for (const name of field.split('.')) value = (value as Record<string, unknown> | null | undefined)?.[name]
  if (typeof value !== 'number') throw new Error(`there is no number at ${field}`)
  return sumOf([value])
}

function sumOf(figures: readonly number[]): number {
  const sum = figures.reduce((total, figure) => total + figure, 0)
  if (!Number.isFinite(sum)) throw new Error('a figure is not a number')
  return sum
}

/** Reads the auctions that end before `untilMs`, page by page; they come in the order of their end. */
export async function readCalendar(url: string, untilMs: number): Promise<CalendarReading> {
  const endings: number[] = []
  let cursor: string | undefined
  for (let page = 0; page < pagesMax; page++) {
    const address = new URL(url)
    if (!address.searchParams.has('status')) address.searchParams.set('status', 'open')
    if (!address.searchParams.has('limit')) address.searchParams.set('limit', '200')
    if (cursor !== undefined) address.searchParams.set('cursor', cursor)
    const { items, nextCursor } = JSON.parse(await fetchText(address)) as {
      items?: { endsAt?: unknown }[]
      nextCursor?: string
    }
    if (!Array.isArray(items)) throw new Error('the calendar has no items')
    for (const { endsAt } of items) {
      if (typeof endsAt !== 'number') throw new Error('an auction has no endsAt')
      if (endsAt > untilMs) return { endings }
      endings.push(endsAt)
    }
    if (nextCursor === undefined) return { endings }
    cursor = nextCursor
  }
  return { endings }
}
