import { counter, gauge, type Registry } from '@gavel/platform/metrics.ts'

export interface LogsMetrics {
  /** `again`: lines that were stored before, because their sender or our own group repeated them. */
  stored: (count: number, again: number) => void
  traces: (change: 1 | -1) => void
  /** Lines left out because a reader of the live trace was too slow. */
  dropped: () => void
}

export function createLogsMetrics(registry: Registry): LogsMetrics {
  const stored = counter(registry, {
    name: 'gavel_log_lines_stored_total',
    help: 'Lines of the services’ logs, by whether they were new.',
    labelNames: ['outcome']
  })
  const traces = gauge(registry, { name: 'gavel_log_traces', help: 'Readers of the live trace.' })
  const dropped = counter(registry, {
    name: 'gavel_log_trace_dropped_total',
    help: 'Lines left out for readers of the live trace that were too slow.'
  })
  return {
    stored: (count, again) => {
      stored.inc({ outcome: 'new' }, count)
      stored.inc({ outcome: 'again' }, again)
    },
    traces: (change) => traces.inc(change),
    dropped: () => dropped.inc()
  }
}
