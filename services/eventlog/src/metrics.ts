import { counter, gauge, histogram, type Registry } from '@gavel/platform/metrics.ts'
import type { Pool } from 'pg'
import { readChecks } from './store/differences.ts'
import { countOpen } from './store/read-dead-letters.ts'
import { readHead } from './store/read-events.ts'
import { readFreshness, sumFigures } from './store/read-statistics.ts'
import { countSagas } from './store/sagas.ts'
import { measureStatistics, type StatisticsReaders } from './statistics-metrics.ts'

interface LogReaders {
  readPosition: () => Promise<number>
  countOpenDeadLetters: () => Promise<number>
  countStuckSagas: () => Promise<number>
  countDifferences: () => Promise<Map<string, { differences: number }>>
}

export type EventlogMetrics = ReturnType<typeof createEventlogMetrics>

export function createEventlogMetrics(registry: Registry, parts: LogReaders & StatisticsReaders) {
  const folding = measureStatistics(registry, parts)
  gauge(registry, {
    name: 'gavel_eventlog_position',
    help: 'The last position of the log.',
    async collect() {
      // A database that is away must not take the other metrics with it: the last known position stays.
      const position = await parts.readPosition().catch(() => undefined)
      if (position !== undefined) this.set(position)
    }
  })
  gauge(registry, {
    name: 'gavel_eventlog_dead_letters_open',
    help: 'Dead letters that nobody has decided on, counted up to 100,000.',
    async collect() {
      const open = await parts.countOpenDeadLetters().catch(() => undefined)
      if (open !== undefined) this.set(open)
    }
  })
  gauge(registry, {
    name: 'gavel_sagas_stuck',
    help: 'Sales that should be over and are not, synthetic ones too. The same from every process.',
    async collect() {
      const stuck = await parts.countStuckSagas().catch(() => undefined)
      if (stuck !== undefined) this.set(stuck)
    }
  })
  gauge(registry, {
    name: 'gavel_reconciliation_differences',
    help: 'Open differences between the log and the databases of services. The same from every process.',
    labelNames: ['statement'],
    async collect() {
      const checks = await parts.countDifferences().catch(() => undefined)
      for (const [statement, { differences }] of checks ?? []) this.set({ statement }, differences)
    }
  })
  const reconciled = counter(registry, {
    name: 'gavel_reconciliation_compared_total',
    help: 'What this process has compared: sales, products, ledgers.',
    labelNames: ['statement']
  })
  const events = counter(registry, {
    name: 'gavel_eventlog_events_total',
    help: 'Events that came, by topic and by whether they were new.',
    labelNames: ['topic', 'outcome']
  })
  const batchSize = histogram(registry, {
    name: 'gavel_eventlog_batch_size',
    help: 'Events of one transaction.',
    buckets: [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000]
  })
  const streams = gauge(registry, { name: 'gavel_eventlog_streams', help: 'Open streams.' })
  const ended = counter(registry, {
    name: 'gavel_eventlog_streams_ended_total',
    help: 'Streams that ended, by why: gone (the client), stalled (read too slowly), expired (its token), restarting, failed.',
    labelNames: ['reason']
  })
  return {
    ...folding,
    recorded(topic: string, came: number, recorded: number): void {
      batchSize.observe(came)
      events.inc({ topic, outcome: 'recorded' }, recorded)
      events.inc({ topic, outcome: 'known' }, came - recorded)
    },
    reconciled: (statement: string, compared: number) => reconciled.inc({ statement }, compared),
    streamOpened: () => streams.inc(),
    streamEnded(reason: string): void {
      streams.dec()
      ended.inc({ reason })
    }
  }
}

/** What the figures are read with when they are scraped. */
export const readers = (
  pool: Pool,
  { stuckMs, clock }: { stuckMs: number; clock: () => number }
): Parameters<typeof createEventlogMetrics>[1] => ({
  readPosition: async () => (await readHead(pool)).position,
  countOpenDeadLetters: async () => await countOpen(pool),
  countDifferences: async () => await readChecks(pool),
  countStuckSagas: async () => (await countSagas(pool, clock() - stuckMs)).stuck,
  readFreshness: async () => await readFreshness(pool),
  sumAll: async () => await sumFigures(pool, { window: 'day', from: 0, to: LAST_DAY_MS })
})
/** No event is later: the end of what a date can be. */
const LAST_DAY_MS = 8_640_000_000_000_000
