import type { StatisticsSummary } from '@gavel/contracts/api/statistics.ts'
import { counter, gauge, type Registry } from '@gavel/platform/metrics.ts'
import type { StoredFigure } from './domain/statistics.ts'
import { summarize } from './domain/statistics-summary.ts'
import type { Folded } from './store/fold-log.ts'

export interface StatisticsReaders {
  readFreshness: () => Promise<{ position: number; headPosition: number }>
  /** All figures since the first event. */
  sumAll: () => Promise<{ figure: StoredFigure; label: string; value: number }[]>
}

type Summed = Pick<StatisticsSummary, 'bids' | 'sales' | 'revenue' | 'piecesSold'>

/**
 * The figures as Prometheus reads them. They come from the database and are exact, so every process of the service tells the same:
 * a query takes the maximum over the processes, never the sum.
 */
export function measureStatistics(registry: Registry, { readFreshness, sumAll }: StatisticsReaders) {
  gauge(registry, {
    name: 'gavel_statistics_behind_events',
    help: 'Events of the log that are not in the figures yet.',
    async collect() {
      const freshness = await readFreshness().catch(() => undefined)
      if (freshness) this.set(freshness.headPosition - freshness.position)
    }
  })
  // One scrape asks the database once.
  let reading: Promise<Summed | undefined> | undefined
  const read = (): Promise<Summed | undefined> =>
    (reading ??= sumAll()
      .then((sums) => summarize(sums, 0))
      .catch(() => undefined)
      .finally(() => {
        reading = undefined
      }))
  const exact = (name: string, label: string, help: string, partsOf: (summed: Summed) => Record<string, number>) =>
    gauge(registry, {
      name: `gavel_statistics_${name}`,
      help: `${help} Exact, and the same from every process.`,
      labelNames: [label],
      async collect() {
        const summed = await read()
        if (summed) for (const [part, value] of Object.entries(partsOf(summed))) this.set({ [label]: part }, value)
      }
    })
  exact('bids', 'outcome', 'Bids since the first, accepted or by the code of the refusal.', ({ bids }) => ({
    accepted: bids.accepted,
    ...bids.refusals
  }))
  exact(
    'sales',
    'outcome',
    'Sales since the first: confirmed, ordered, and by the reason of failure.',
    ({ sales }) => ({
      confirmed: sales.confirmed,
      ordered: sales.ordered,
      ...sales.failures
    })
  )
  exact('revenue_minor', 'currency', 'Revenue since the first order, in minor units.', ({ revenue }) => revenue)
  const counted = counter(registry, {
    name: 'gavel_statistics_events_total',
    help: 'Events that this process has counted, by whether their minute was over already.',
    labelNames: ['timing']
  })
  return {
    folded({ counted: events, late }: Folded): void {
      counted.inc({ timing: 'late' }, late)
      counted.inc({ timing: 'in-time' }, events - late)
    }
  }
}
