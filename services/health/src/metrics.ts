import { gauge } from '@gavel/platform/metrics.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'

export type Metrics = ReturnType<typeof createMetrics>

export function createMetrics({ metrics }: Pick<ServiceContext, 'metrics'>) {
  const ready = gauge<'watched'>(metrics, {
    name: 'health_service_ready',
    help: 'Whether a service said that it is ready when it was last asked: 1 or 0.',
    labelNames: ['watched']
  })
  return { ready: (watched: string, is: boolean) => ready.set({ watched }, is ? 1 : 0) }
}
