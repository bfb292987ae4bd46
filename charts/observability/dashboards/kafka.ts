import type { Dashboard } from '../grafana.ts'
import { quantile, rateOf } from '../queries.ts'

export const kafka: Dashboard = {
  name: 'kafka',
  title: 'Kafka',
  doc: 'Consumer groups, dead letters, producers and outboxes, as the services see them.',
  variables: [{ name: 'group', label: 'Consumer group', query: 'label_values(kafka_consumer_lag, group)' }],
  rows: [
    {
      title: 'Consumers',
      panels: [
        {
          title: 'Lag',
          doc: 'Events that the group has not handled yet, over all partitions.',
          kind: 'time',
          unit: 'none',
          width: 12,
          queries: [{ expr: 'sum by (group) (kafka_consumer_lag{group=~"$group"})', legend: '{{group}}' }]
        },
        {
          title: 'The worst partitions',
          doc: 'One that stands alone is a hot key or a message that cannot be handled: more replicas do not help.',
          kind: 'time',
          unit: 'none',
          width: 12,
          queries: [
            {
              expr: 'topk(5, sum by (group, partition) (kafka_consumer_lag{group=~"$group"}))',
              legend: '{{group}} {{partition}}'
            }
          ]
        },
        {
          title: 'Events a second',
          doc: 'Handled, refused, ignored or dead.',
          kind: 'time',
          unit: 'ops',
          queries: [
            {
              expr: rateOf('kafka_consumer_events_total{group=~"$group"}', ['group', 'outcome']),
              legend: '{{group}} {{outcome}}'
            }
          ]
        },
        {
          title: 'Duration of a batch, p99',
          doc: 'One call of the handler: one transaction.',
          kind: 'time',
          unit: 's',
          queries: [
            {
              expr: quantile(0.99, 'kafka_consumer_batch_duration_seconds{group=~"$group"}', ['group']),
              legend: '{{group}}'
            }
          ]
        },
        {
          title: 'Retries a second',
          doc: 'Faults of the world; after the last retry a dead letter.',
          kind: 'time',
          unit: 'ops',
          queries: [{ expr: rateOf('kafka_consumer_retries_total{group=~"$group"}', ['group']), legend: '{{group}}' }]
        },
        {
          title: 'Dead letters a second',
          doc: 'Kept byte by byte; an admin lists, replays or discards them.',
          kind: 'time',
          unit: 'ops',
          queries: [{ expr: rateOf('kafka_consumer_dead_letters_total', ['group']), legend: '{{group}}' }]
        },
        {
          title: 'Dead letters not decided on',
          doc: 'Wait for an admin.',
          kind: 'stat',
          unit: 'none',
          alarmFrom: 1,
          queries: [{ expr: 'max(gavel_eventlog_dead_letters_open)', legend: 'open' }]
        },
        {
          title: 'Members',
          doc: 'Processes that are in the group.',
          kind: 'time',
          unit: 'none',
          queries: [{ expr: 'sum by (group) (kafka_consumer_connected{group=~"$group"})', legend: '{{group}}' }]
        }
      ]
    },
    {
      title: 'Producers and outboxes',
      panels: [
        {
          title: 'Messages a second',
          doc: 'Acknowledged by the broker.',
          kind: 'time',
          unit: 'ops',
          queries: [{ expr: rateOf('kafka_producer_messages_total', ['topic']), legend: '{{topic}}' }]
        },
        {
          title: 'Failed sends a second',
          doc: 'Given up after the last attempt; the outbox sends again.',
          kind: 'time',
          unit: 'ops',
          queries: [{ expr: rateOf('kafka_producer_failures_total'), legend: 'failures' }]
        },
        {
          title: 'Rows that wait in outboxes',
          doc: 'Above zero for longer than a moment: the relay or the broker is away.',
          kind: 'time',
          unit: 'none',
          queries: [{ expr: 'max by (service) (outbox_depth)', legend: '{{service}}' }]
        },
        {
          title: 'Oldest row in an outbox',
          doc: 'How late the newest news is.',
          kind: 'time',
          unit: 's',
          alarmFrom: 60,
          queries: [{ expr: 'max by (service) (outbox_oldest_seconds)', legend: '{{service}}' }]
        },
        {
          title: 'The event log',
          doc: 'Events appended a second: every domain event, once.',
          kind: 'time',
          unit: 'ops',
          queries: [{ expr: rateOf('gavel_eventlog_events_total', ['topic']), legend: '{{topic}}' }]
        },
        {
          title: 'Lines of the logs',
          doc: 'On their way to the log service, and left out because too many waited.',
          kind: 'time',
          unit: 'none',
          queries: [
            { expr: 'sum(log_lines_waiting)', legend: 'waiting' },
            { expr: rateOf('log_lines_dropped_total'), legend: 'dropped a second' }
          ]
        }
      ]
    }
  ]
}
