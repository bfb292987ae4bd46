import { gauge } from '@gavel/platform/metrics.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Board } from './domain/board.ts'

export type Metrics = ReturnType<typeof createMetrics>

export function createMetrics({ metrics }: Pick<ServiceContext, 'metrics'>) {
  const ready = gauge<'watched'>(metrics, {
    name: 'health_service_ready',
    help: 'Whether a service said that it is ready when it was last asked: 1 or 0.',
    labelNames: ['watched']
  })
  return { ready: (watched: string, is: boolean) => ready.set({ watched }, is ? 1 : 0) }
}

/** Read from the board when somebody asks for the figures. */
export function measureBoard({ metrics, clock }: Pick<ServiceContext, 'metrics' | 'clock'>, board: Board): void {
  gauge<'kind' | 'watched'>(metrics, {
    name: 'health_up',
    help: 'Whether a service or a consumer group is held to be well: 1 or 0; absent while nothing is known.',
    labelNames: ['kind', 'watched'],
    collect() {
      this.reset()
      for (const { kind, name, status } of board.view()) {
        if (status !== 'unknown') this.set({ kind, watched: name }, status === 'up' ? 1 : 0)
      }
    }
  })
  gauge<'watched'>(metrics, {
    name: 'health_group_lag',
    help: 'Messages that a consumer group has still to read, over all partitions.',
    labelNames: ['watched'],
    collect() {
      for (const { name, lag } of board.view()) if (lag !== undefined) this.set({ watched: name }, lag)
    }
  })
  gauge<'kind' | 'watched'>(metrics, {
    name: 'health_check_age_seconds',
    help: 'How long ago a service or a consumer group was last asked with an answer.',
    labelNames: ['kind', 'watched'],
    collect() {
      for (const { kind, name, checkedAt } of board.view()) {
        if (checkedAt !== undefined) this.set({ kind, watched: name }, Math.max(0, clock() - checkedAt) / 1000)
      }
    }
  })
}
