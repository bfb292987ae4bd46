import type { Registry } from 'prom-client'
import { counter, gauge, histogram } from '../metrics.ts'

export type EventOutcome = 'handled' | 'refused' | 'ignored' | 'dead' | 'passed-over' | 'fenced'
const deadReasons = ['undecodable', 'bug', 'fault'] as const
export type DeadReason = (typeof deadReasons)[number]

export interface ConsumerMetrics {
  lag(partition: number, events: number): void
  /** No longer ours: another member tells its lag. */
  forget(partition: number): void
  events(outcome: EventOutcome, count: number): void
  batch(seconds: number): void
  retried(): void
  buried(reason: DeadReason): void
  connected(is: boolean): void
}

export function consumerMetrics(registry: Registry, group: string, topic: string): ConsumerMetrics {
  const lag = gauge(registry, {
    name: 'kafka_consumer_lag',
    help: 'Events of the partition that the group has not handled yet.',
    labelNames: ['group', 'topic', 'partition']
  })
  const events = counter(registry, {
    name: 'kafka_consumer_events_total',
    help: 'Events by how they ended.',
    labelNames: ['group', 'topic', 'outcome']
  })
  const duration = histogram(registry, {
    name: 'kafka_consumer_batch_duration_seconds',
    help: 'Duration of one call of the handler.',
    labelNames: ['group', 'topic']
  })
  const retries = counter(registry, {
    name: 'kafka_consumer_retries_total',
    help: 'Calls of the handler that failed and are tried again.',
    labelNames: ['group', 'topic']
  })
  const dead = counter(registry, {
    name: 'kafka_consumer_dead_letters_total',
    help: 'Events put away in the dead letter topic.',
    labelNames: ['group', 'topic', 'reason']
  })
  const connected = gauge(registry, {
    name: 'kafka_consumer_connected',
    help: '1 while this process is a member of the group.',
    labelNames: ['group', 'topic']
  })
  connected.set({ group, topic }, 0)
  // A counter that first appears at 1 shows no increase: the first dead letter would raise no alarm.
  retries.inc({ group, topic }, 0)
  for (const reason of deadReasons) dead.inc({ group, topic, reason }, 0)
  return {
    lag: (partition, count) => lag.set({ group, topic, partition: String(partition) }, count),
    forget: (partition) => lag.remove({ group, topic, partition: String(partition) }),
    events: (outcome, count) => events.inc({ group, topic, outcome }, count),
    batch: (seconds) => duration.observe({ group, topic }, seconds),
    retried: () => retries.inc({ group, topic }),
    buried: (reason) => dead.inc({ group, topic, reason }),
    connected: (is) => connected.set({ group, topic }, is ? 1 : 0)
  }
}
