/** The promises, as numbers. Recording rules, alerts and the dashboard are made from them. */
export interface Objective {
  /** In the names of the recording rules: `gavel:<name>:errors:ratio_rate5m`. */
  name: string
  title: string
  doc: string
  /** Of all, how many must be good. */
  target: number
  /** PromQL of the bad ones and of all, with the window given. */
  bad: (over: string) => string
  all: (over: string) => string
}

const bidRoute = 'method="POST",route="/api/auctions/:auctionId/bids"'
const requests = 'http_server_request_duration_seconds'
const ended = 'gavel_order_saga_duration_seconds'

export const objectives: readonly Objective[] = [
  {
    name: 'bid_availability',
    title: 'Bids are answered',
    doc: 'A bid is accepted or refused, and not failed by the platform.',
    target: 0.999,
    bad: (over) => `sum(rate(${requests}_count{${bidRoute},status=~"5.."}[${over}])) or vector(0)`,
    all: (over) => `sum(rate(${requests}_count{${bidRoute}}[${over}]))`
  },
  {
    name: 'bid_latency',
    title: 'Bids are answered within 250 ms',
    doc: 'From the request in the bidding service to its answer, the durable write included.',
    target: 0.99,
    bad: (over) =>
      `sum(rate(${requests}_count{${bidRoute}}[${over}])) - sum(rate(${requests}_bucket{${bidRoute},le="0.25"}[${over}]))`,
    all: (over) => `sum(rate(${requests}_count{${bidRoute}}[${over}]))`
  },
  {
    name: 'sale_completion',
    title: 'Sales end within 10 s',
    doc: 'From the confirmed sale to its order, or to one clear failure.',
    target: 0.99,
    bad: (over) => `sum(rate(${ended}_count[${over}])) - sum(rate(${ended}_bucket{le="10"}[${over}]))`,
    all: (over) => `sum(rate(${ended}_count[${over}]))`
  }
]

export const windows = ['5m', '30m', '1h', '6h', '3d'] as const
export type Window = (typeof windows)[number]

export const ratioName = ({ name }: Objective, over: Window): string => `gavel:${name}:errors:ratio_rate${over}`

/**
 * How fast the error budget of 30 days burns, each over a long window that shows it matters and a short one that shows it still goes on.
 * 14.4 spends 2 % of it in an hour, 6 spends 5 % in six hours, 1 spends 10 % in three days.
 */
export const burns: readonly {
  factor: number
  long: Window
  short: Window
  severity: 'critical' | 'warning'
  forDuration: string
}[] = [
  { factor: 14.4, long: '1h', short: '5m', severity: 'critical', forDuration: '2m' },
  { factor: 6, long: '6h', short: '30m', severity: 'warning', forDuration: '15m' },
  { factor: 1, long: '3d', short: '6h', severity: 'warning', forDuration: '1h' }
]
