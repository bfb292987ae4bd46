import type { Durations, StatisticsSummary } from '@gavel/contracts/api/statistics.ts'
import { durationsOf } from './quantiles.ts'
import type { StoredFigure } from './statistics.ts'

/** Sums of a range as the contract tells them. */

export type Parts = Record<string, number>
export type SagaDurations = Record<'ordered' | 'failed', Durations>

/** Labels of durations are `<outcome>:<bucket>`. */
export function sagaDurationsOf(parts: Parts): SagaDurations {
  const of = (outcome: string): Durations =>
    durationsOf(
      new Map(
        Object.entries(parts).flatMap(([label, value]): [number, number][] => {
          const [told, bucket] = label.split(':')
          return told === outcome ? [[Number(bucket), value]] : []
        })
      )
    )
  return { ordered: of('ordered'), failed: of('failed') }
}

const total = (parts: Parts): number => Object.values(parts).reduce((sum, value) => sum + value, 0)

export type Summed = Pick<
  StatisticsSummary,
  'bids' | 'sales' | 'revenue' | 'piecesSold' | 'registrations' | 'sagaDurations'
>

/** `spanMs`: how much of the range is behind us. */
export function summarize(
  sums: readonly { figure: StoredFigure; label: string; value: number }[],
  spanMs: number
): Summed {
  const partsOf = (figure: StoredFigure): Parts =>
    Object.fromEntries(sums.filter((sum) => sum.figure === figure).map(({ label, value }) => [label, value]))
  const { accepted = 0, ...refusals } = partsOf('bids')
  const refused = total(refusals)
  const { confirmed = 0, ordered = 0, ...failures } = partsOf('sales')
  return {
    bids: {
      accepted,
      refused,
      ...(accepted + refused > 0 && { acceptedShare: accepted / (accepted + refused) }),
      refusals,
      perSecond: spanMs > 0 ? (accepted + refused) / (spanMs / 1_000) : 0
    },
    sales: { confirmed, ordered, failed: total(failures), failures },
    revenue: partsOf('revenue'),
    piecesSold: total(partsOf('pieces')),
    registrations: total(partsOf('registrations')),
    sagaDurations: sagaDurationsOf(partsOf('saga-durations'))
  }
}
