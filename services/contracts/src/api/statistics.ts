import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import { Count, Currency, Id, TimestampMs } from '../primitives.ts'

/**
 * Figures in windows of event time, folded from the log: operations of eventlog. A late event corrects the window that it belongs to.
 * Synthetic sales (canary.ts) are in none of them.
 */

const closed = { additionalProperties: false } as const

/** Widths of the windows. Each begins at a whole multiple of its width since the Unix epoch. */
export const windowWidthsMs = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const
export const Window = Type.Union([
  Type.Literal('second'),
  Type.Literal('minute'),
  Type.Literal('hour'),
  Type.Literal('day')
])
export type Window = Static<typeof Window>
/** Seconds are kept for bids alone, and for hours only. */
export const WideWindow = Type.Union([Type.Literal('minute'), Type.Literal('hour'), Type.Literal('day')])
export type WideWindow = Static<typeof WideWindow>

/**
 * What is counted, and what its parts (`by`) are called:
 * - `bids`: `accepted` and each refusal's code; of an auction or of all.
 * - `sales`: `confirmed`, `ordered` and each failure's reason; of a product or of all.
 * - `revenue`: minor units of each currency, of orders; of a product or of all.
 * - `pieces`: `sold`; of a product or of all.
 * - `registrations`: each role.
 */
export const Figure = Type.Union([
  Type.Literal('bids'),
  Type.Literal('sales'),
  Type.Literal('revenue'),
  Type.Literal('pieces'),
  Type.Literal('registrations')
])
export type Figure = Static<typeof Figure>

const Parts = Type.Record(Type.String(), Count, { description: 'A number for each part; a part of zero is left out.' })

/** How far the figures are. They hold exactly the events up to `position`, each once. */
const freshness = {
  position: Count,
  /** Where the log ends; what lies between is not counted yet. */
  headPosition: Count
}

const range = {
  from: Type.Optional(TimestampMs),
  to: Type.Optional(TimestampMs)
}
/** The range that was answered: whole windows. */
const answered = { window: Window, from: TimestampMs, to: TimestampMs }

/** Quantiles are within one per cent of the true ones; the count is exact. Times are from the winning bid to the end. */
export const Durations = Type.Object(
  { count: Count, p50Ms: Type.Optional(Count), p95Ms: Type.Optional(Count), p99Ms: Type.Optional(Count) },
  closed
)
export type Durations = Static<typeof Durations>

export const StatisticsSummary = Type.Object(
  {
    ...answered,
    ...freshness,
    bids: Type.Object(
      {
        accepted: Count,
        refused: Count,
        /** Between 0 and 1; absent where there were no bids. */
        acceptedShare: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
        refusals: Parts,
        /** Over the range; for the pace of now, ask for a short one. */
        perSecond: Type.Number({ minimum: 0 })
      },
      closed
    ),
    sales: Type.Object({ confirmed: Count, ordered: Count, failed: Count, failures: Parts }, closed),
    /** Minor units by currency. */
    revenue: Parts,
    piecesSold: Count,
    registrations: Count,
    sagaDurations: Type.Object({ ordered: Durations, failed: Durations }, closed)
  },
  closed
)
export type StatisticsSummary = Static<typeof StatisticsSummary>

export const readStatistics = defineOperation({
  id: 'readStatistics',
  method: 'GET',
  path: '/api/statistics',
  role: 'admin',
  summary:
    'The figures of a range (without one, of the last 24 hours), made of the widest windows that the range allows. Its ends are widened to whole windows.',
  query: Type.Object({ ...range, window: Type.Optional(WideWindow) }, closed),
  responses: { 200: StatisticsSummary },
  errors: []
})

/** Windows that one answer holds at most. */
export const WINDOWS_LIMIT = 5_000

export const StatisticsSeries = Type.Object(
  {
    figure: Figure,
    subject: Type.Optional(Id),
    windowMs: Count,
    ...answered,
    ...freshness,
    /** Windows of this width before that are no longer kept, and `from` is not before it. */
    keptFrom: TimestampMs,
    /** One for each window of the range, in the order of time, those without anything too. */
    points: Type.Array(Type.Object({ at: TimestampMs, by: Parts }, closed), { maxItems: WINDOWS_LIMIT })
  },
  closed
)
export type StatisticsSeries = Static<typeof StatisticsSeries>

const subject = Type.Optional(
  Type.Unsafe<string>({ ...Id, description: 'An auction for bids, a product for sales, revenue and pieces.' })
)

export const readStatisticsSeries = defineOperation({
  id: 'readStatisticsSeries',
  method: 'GET',
  path: '/api/statistics/series',
  role: 'admin',
  summary: `A figure over time, window by window, ${WINDOWS_LIMIT} at most; of all, or of one auction or product. Without a range, the last 60 windows. Seconds are kept for bids alone.`,
  query: Type.Object({ figure: Figure, window: Window, subject, ...range }, closed),
  responses: { 200: StatisticsSeries },
  errors: []
})

export const SagaOutcome = Type.Union([Type.Literal('ordered'), Type.Literal('failed')])
export type SagaOutcome = Static<typeof SagaOutcome>

export const readSagaDurations = defineOperation({
  id: 'readSagaDurations',
  method: 'GET',
  path: '/api/statistics/saga-durations',
  role: 'admin',
  summary: 'How long sales took from the winning bid to their end, window by window, by how they ended.',
  query: Type.Object(
    {
      window: WideWindow,
      outcome: Type.Optional(SagaOutcome),
      ...range
    },
    closed
  ),
  responses: {
    200: Type.Object(
      {
        windowMs: Count,
        ...answered,
        ...freshness,
        outcome: SagaOutcome,
        points: Type.Array(Type.Object({ at: TimestampMs, ...Durations.properties }, closed), {
          maxItems: WINDOWS_LIMIT
        })
      },
      closed
    )
  },
  errors: []
})

export const readTopStatistics = defineOperation({
  id: 'readTopStatistics',
  method: 'GET',
  path: '/api/statistics/top',
  role: 'admin',
  summary:
    'The products with the most revenue or pieces sold, or the auctions with the most bids, of a range (without one, of the last 24 hours). Revenue is of one currency, USD where none is named.',
  query: Type.Object(
    {
      by: Type.Union([Type.Literal('revenue'), Type.Literal('pieces'), Type.Literal('bids')]),
      currency: Type.Optional(Currency),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 10 })),
      window: Type.Optional(WideWindow),
      ...range
    },
    closed
  ),
  responses: {
    200: Type.Object(
      {
        ...answered,
        ...freshness,
        items: Type.Array(
          Type.Object(
            { kind: Type.Union([Type.Literal('product'), Type.Literal('auction')]), id: Id, value: Count },
            closed
          )
        )
      },
      closed
    )
  },
  errors: []
})

/** A window as it now is: it takes the place of what was known of it. `subject` is absent in what is counted of all. */
export const WindowChange = Type.Object(
  {
    figure: Type.Union([Figure, Type.Literal('saga-durations')]),
    window: Window,
    at: TimestampMs,
    subject: Type.Optional(Id),
    by: Type.Optional(Parts),
    /** In place of `by`, for `saga-durations`. */
    durations: Type.Optional(Type.Object({ ordered: Durations, failed: Durations }, closed))
  },
  closed
)
export type WindowChange = Static<typeof WindowChange>

export const streamStatistics = defineOperation({
  id: 'streamStatistics',
  method: 'GET',
  path: '/api/statistics/stream',
  role: 'admin',
  stream: true,
  summary:
    'Server-Sent Events: each window whole, whenever it changes, by late events too: of all together, or of the subject named. Begin behind the `position` of a series and nothing is missed; without `from`, it begins now. `id` is a position; a client that comes again with `Last-Event-ID` goes on behind it.',
  query: Type.Object(
    {
      window: Window,
      figure: Type.Optional(Type.Union([Figure, Type.Literal('saga-durations')])),
      subject,
      from: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'A position.' }))
    },
    closed
  ),
  responses: {
    200: Type.Unsafe<AsyncIterable<string>>(
      Type.String({ description: 'A stream of `id: <position>`, `data: <WindowChange>`.' })
    )
  },
  errors: []
})
