import type { Dashboard } from '../grafana.ts'
import { quantiles, rateOf, share, window } from '../queries.ts'

const bids = 'bidding_bids_total'
const route = '{route="/api/auctions/:auctionId/bids"}'

export const bidding: Dashboard = {
  name: 'bidding',
  title: 'Bidding',
  doc: 'Bids a second, how they end, what the ledger costs, and how far behind Kafka is.',
  rows: [
    {
      title: 'Throughput',
      panels: [
        {
          title: 'Bids a second',
          doc: 'Decided bids by outcome: each is in the ledger before it is answered, refused ones too.',
          kind: 'time',
          unit: 'ops',
          width: 12,
          queries: [{ expr: rateOf(bids, ['outcome']), legend: '{{outcome}}' }]
        },
        {
          title: 'Accepted',
          doc: 'Share of the decided bids. It falls when many raise at once: each sees a price that others have beaten.',
          kind: 'stat',
          unit: 'percentunit',
          width: 4,
          queries: [
            {
              expr: share(`sum(rate(${bids}{outcome="accepted"}[${window}]))`, `sum(rate(${bids}[${window}]))`),
              legend: 'accepted'
            }
          ]
        },
        {
          title: 'Open auctions',
          doc: 'Auctions and fixed-price sales that are not closed, in all processes.',
          kind: 'stat',
          unit: 'none',
          width: 4,
          queries: [{ expr: 'max(bidding_open_auctions)', legend: 'open' }]
        },
        {
          title: 'Bids since the first',
          doc: 'Exact, counted from the event log.',
          kind: 'stat',
          unit: 'short',
          width: 4,
          queries: [{ expr: 'sum(max by (outcome) (gavel_statistics_bids))', legend: 'bids' }]
        },
        {
          title: 'Refusals by reason',
          doc: 'The codes of contracts/src/errors.ts.',
          kind: 'time',
          unit: 'ops',
          queries: [{ expr: `sum by (code) (rate(${bids}{outcome="refused"}[${window}]))`, legend: '{{code}}' }]
        },
        {
          title: 'Time to the answer',
          doc: 'Over HTTP, the durable write included. A crowd waits for a shared write; the write does not wait for the crowd.',
          kind: 'time',
          unit: 's',
          exemplars: true,
          queries: quantiles(`http_server_request_duration_seconds${route}`)
        },
        {
          title: 'Live connections',
          doc: 'WebSockets by what they follow.',
          kind: 'time',
          unit: 'none',
          queries: [{ expr: 'sum by (route) (web_socket_connections)', legend: '{{route}}' }]
        },
        {
          title: 'Time to the last watcher',
          doc: 'From an event as it reaches a process to its frame for the last of those who watch. Large crowds are served in slices.',
          kind: 'time',
          unit: 's',
          queries: quantiles('gavel_live_fan_out_seconds')
        }
      ]
    },
    {
      title: 'The ledger',
      panels: [
        {
          title: 'From decision to durable entry',
          doc: 'One write holds all bids that came while the last one was in flight.',
          kind: 'heatmap',
          unit: 's',
          width: 12,
          exemplars: true,
          queries: [
            { expr: `sum by (le) (increase(bidding_commit_duration_seconds_bucket[${window}]))`, legend: '{{le}}' }
          ]
        },
        {
          title: 'Bids of one entry',
          doc: 'One while it is quiet; hundreds on a hot auction. At its cap the ledger is the bottleneck.',
          kind: 'time',
          unit: 'none',
          width: 6,
          queries: quantiles('bidding_entry_bids')
        },
        {
          title: 'Decided again',
          doc: 'Another process had appended to the same auction. Now and then while pods come and go; always means that affinity is broken.',
          kind: 'time',
          unit: 'ops',
          width: 6,
          queries: [{ expr: rateOf('bidding_conflicts_total'), legend: 'conflicts' }]
        },
        {
          title: 'From decision to Kafka',
          doc: 'The oldest entry of each round of publishing. The ledger itself is what is published, so nothing is lost meanwhile.',
          kind: 'time',
          unit: 's',
          queries: quantiles('bidding_publish_lag_seconds')
        },
        {
          title: 'Auctions with unpublished entries',
          doc: 'Stays above zero while Kafka is away.',
          kind: 'time',
          unit: 'none',
          queries: [{ expr: 'sum(bidding_unpublished_auctions)', legend: 'auctions' }]
        },
        {
          title: 'Failed rounds of publishing',
          doc: 'Each is tried again.',
          kind: 'time',
          unit: 'ops',
          queries: [{ expr: rateOf('bidding_publish_failures_total'), legend: 'failures' }]
        },
        {
          title: 'Ledgers verified',
          doc: 'As they are stored: each whole after its close, and samples of all. By what was found.',
          kind: 'time',
          unit: 'ops',
          width: 12,
          queries: [
            { expr: rateOf('bidding_ledger_checks_total', ['kind', 'outcome']), legend: '{{kind}} {{outcome}}' }
          ]
        },
        {
          title: 'Ledgers that do not verify',
          doc: 'Always 0.',
          kind: 'stat',
          unit: 'none',
          alarmFrom: 1,
          width: 12,
          queries: [{ expr: 'max(bidding_broken_ledgers)', legend: 'ledgers' }]
        }
      ]
    }
  ]
}
