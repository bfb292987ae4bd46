import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Pool } from 'pg'
import type { ReadUpTo } from '@gavel/platform/kafka/read-up-to.ts'
import type { OrderMetrics } from './metrics.ts'
import { advanceClock, timeOutSales, type SweepTerms } from './store/time-out-sales.ts'

export interface SweepParts {
  pool: Pool
  readUpTo: ReadUpTo
  terms: SweepTerms
  metrics: OrderMetrics
}

/**
 * One look for sales that took too long. Nothing is failed by the wall clock alone: only a moment up to which everything
 * published has been read counts, and a sale that is overdue at that moment has truly not been answered.
 */
export async function sweepOnce(
  context: ServiceContext,
  { pool, readUpTo, terms, metrics }: SweepParts
): Promise<number> {
  const caughtUpAt = await readUpTo()
  if (caughtUpAt === undefined) return 0
  metrics.caughtUp.set(caughtUpAt / 1000)
  const givenBackMs = await advanceClock(pool, caughtUpAt, terms)
  if (givenBackMs === undefined) return 0
  if (givenBackMs > 0) context.log.warn({ givenBackMs }, 'After an outage every open sale was given the lost time back')
  let timedOut = 0
  while (!context.signal.aborted) {
    const ends = await timeOutSales(pool, caughtUpAt, context.clock(), terms)
    if (ends.length === 0) break
    metrics.ended(ends, context.clock())
    timedOut += ends.length
  }
  if (timedOut > 0)
    context.log.warn({ timedOut }, 'Sales timed out: their stock is released and their money given back')
  return timedOut
}

/** Sweeps every `intervalMs` until the process ends, one sweep at a time. */
export function startSweep(context: ServiceContext, parts: SweepParts, intervalMs: number): void {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<unknown> = Promise.resolve()
  let stopped = false
  const tick = (): void => {
    running = sweepOnce(context, parts)
      .catch((error: unknown) => context.log.warn({ error }, 'A sweep failed; the next one tries again'))
      .finally(() => {
        if (!stopped) timer = setTimeout(tick, intervalMs)
      })
  }
  timer = setTimeout(tick, intervalMs)
  context.closers.add('sweep', async () => {
    stopped = true
    clearTimeout(timer)
    await running
  })
}
