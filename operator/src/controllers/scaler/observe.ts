import { Batcher } from '../../kafka/batcher.ts'
import type { GroupDescription, GroupOffsetsAsk, GroupPartition, KafkaAdminPort } from '../../kafka/admin-port.ts'
import { readCalendar, readEndpoint, readGauge, readPrometheus } from './figures.ts'
import type { LagReading } from './lag.ts'
import type { CalendarReading, Reading, Sample, SignalReading } from './state.ts'
import type { ScalerSpec } from './types.ts'

/** The signals of a Scaler as they are now. It never throws: what cannot be read is told as missing, with the reason. */
export interface SignalObserver {
  /** @param startMs how long before they are needed replicas must be asked for: so much further the calendar is read. */
  observe(spec: ScalerSpec, given: { now: number; startMs: number }): Promise<Pick<Sample, 'signals' | 'gauge'>>
}

const calendarFreshMs = 10_000
const calendarsMax = 1_000

export function createSignalObserver(admin: KafkaAdminPort): SignalObserver {
  const offsets = new Batcher<GroupOffsetsAsk, GroupPartition[]>((asks) => admin.readGroupOffsets(asks))
  const groups = new Batcher<string, GroupDescription | undefined>(async (names) => {
    const described = await admin.describeGroups(names)
    return names.map((name) => described.get(name))
  })
  const calendars = new Map<string, { at: number; reading: Promise<CalendarReading> }>()

  const readLag = async ({ group, topics }: GroupOffsetsAsk): Promise<LagReading> => {
    const [partitions, description] = await Promise.all([
      offsets.ask({ group, topics }),
      // Who is in the group only sharpens the picture; the offsets are what counts.
      groups.ask(group).catch(() => undefined)
    ])
    const absent = topics.filter((topic) => !partitions.some((partition) => partition.topic === topic))
    if (absent.length > 0) throw new Error(`there is no topic ${absent.join(', ')}`)
    // A group of the newer protocol is «dead» to the request that describes the classic ones.
    const known = description !== undefined && description.state !== 'Dead'
    return {
      partitions: partitions.map(({ topic, partition, start, end, committed }) => ({
        key: `${topic}/${partition}`,
        start,
        end,
        committed
      })),
      members: known ? description.members.length : undefined,
      groupState: known ? description.state : undefined,
      ...(known && description.members.length > 0 ? { assignments: assignmentsOf(description, topics) } : {})
    }
  }
  const calendarOf = (url: string, leadMs: number, now: number): Promise<CalendarReading> => {
    const key = `${leadMs} ${url}`
    const known = calendars.get(key)
    if (known && now - known.at < calendarFreshMs) return known.reading
    if (calendars.size >= calendarsMax) calendars.clear()
    const reading = readCalendar(url, now + leadMs + 2 * calendarFreshMs)
    calendars.set(key, { at: now, reading })
    return reading
  }
  const read = async (
    signal: ScalerSpec['signals'][number],
    { now, startMs }: { now: number; startMs: number }
  ): Promise<SignalReading> => {
    const { kafkaLag, bidsPerSecond, auctionCalendar } = signal
    if (kafkaLag) return { type: 'lag', reading: await attempt(() => readLag(kafkaLag)) }
    if (bidsPerSecond) {
      const { prometheus, endpoint } = bidsPerSecond
      return {
        type: 'rate',
        reading: await attempt(async () => {
          if (prometheus) return readPrometheus(prometheus)
          if (endpoint) return readEndpoint(endpoint)
          throw new Error('no source is given')
        })
      }
    }
    const { url = '', leadSeconds = 120 } = auctionCalendar ?? {}
    return { type: 'calendar', reading: await attempt(() => calendarOf(url, leadSeconds * 1000 + startMs, now)) }
  }
  return {
    async observe(spec, given) {
      const { holdScaleIn } = spec
      const [signals, gauge] = await Promise.all([
        Promise.all(
          spec.signals.map(async (signal): Promise<[string, SignalReading]> => [signal.name, await read(signal, given)])
        ),
        holdScaleIn ? attempt(() => readGauge(holdScaleIn)) : undefined
      ])
      return { signals: Object.fromEntries(signals), ...(gauge ? { gauge } : {}) }
    }
  }
}

/** Sorted, so that the same assignment looks the same twice. */
const assignmentsOf = ({ members }: GroupDescription, topics: readonly string[]): string[][] =>
  members
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ partitions }) => partitions.filter((key) => topics.includes(key.slice(0, key.lastIndexOf('/')))).toSorted())

async function attempt<T>(read: () => Promise<T>): Promise<Reading<T>> {
  try {
    return { ok: true, value: await read() }
  } catch (thrown) {
    return { ok: false, why: (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, 300) }
  }
}
