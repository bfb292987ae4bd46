import type { Dashboard } from '../grafana.ts'
import { quantile, rateOf } from '../queries.ts'

export const backends: Dashboard = {
  name: 'backends',
  title: 'Backends',
  doc: 'PostgreSQL, MongoDB, Redis and Kafka as the services meet them. Their own exporters tell the rest.',
  rows: [
    {
      title: 'As the services see them',
      panels: [
        {
          title: 'Connections to PostgreSQL',
          doc: 'Waiting above zero: the pool is too small, or a query too slow.',
          kind: 'time',
          unit: 'none',
          width: 12,
          queries: [{ expr: 'sum by (service, state) (postgres_pool_connections)', legend: '{{service}} {{state}}' }]
        },
        {
          title: 'Writes to MongoDB, p99',
          doc: 'A ledger entry: majority, journaled.',
          kind: 'time',
          unit: 's',
          width: 6,
          queries: [{ expr: quantile(0.99, 'bidding_commit_duration_seconds'), legend: 'p99' }]
        },
        {
          title: 'Reads through Redis',
          doc: 'Of products, by result.',
          kind: 'time',
          unit: 'ops',
          width: 6,
          queries: [{ expr: rateOf('cache_reads_total', ['service', 'result']), legend: '{{service}} {{result}}' }]
        },
        {
          title: 'Outbox to Kafka',
          doc: 'Rows acknowledged a second.',
          kind: 'time',
          unit: 'ops',
          width: 12,
          queries: [{ expr: rateOf('outbox_sent_total', ['service']), legend: '{{service}}' }]
        },
        {
          title: 'Relays that lead',
          doc: 'One process a service relays; another takes over when it goes.',
          kind: 'time',
          unit: 'none',
          width: 12,
          queries: [{ expr: 'sum by (service) (outbox_relay_leading)', legend: '{{service}}' }]
        }
      ]
    }
  ]
}
