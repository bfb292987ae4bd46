import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Pool } from 'pg'
import type { InventoryMetrics } from './metrics.ts'
import { askAboutExpired } from './store/expire-reservations.ts'

export interface ExpiryTerms {
  /** How long to wait for an answer before asking once more. */
  againMs: number
  sweepIntervalMs: number
}

export interface SweepParts {
  context: ServiceContext
  pool: Pool
  metrics: InventoryMetrics
  terms: ExpiryTerms
}

/** One look for reservations that are held for longer than any sale takes. */
export async function sweepOnce({ context, pool, metrics, terms }: SweepParts): Promise<number> {
  let asked = 0
  while (!context.signal.aborted) {
    const count = await askAboutExpired(pool, context.clock(), terms)
    if (count === 0) break
    asked += count
  }
  if (asked > 0) {
    metrics.expired.inc(asked)
    context.log.warn({ asked }, 'Stock is held for sales whose end was never heard: order is asked')
  }
  return asked
}

/** Sweeps again and again until the process ends, one sweep at a time. Several processes share the work. */
export function startSweep(parts: SweepParts): void {
  const { context, terms } = parts
  let timer: NodeJS.Timeout | undefined
  let running: Promise<unknown> = Promise.resolve()
  let stopped = false
  const tick = (): void => {
    running = sweepOnce(parts)
      .catch((error: unknown) => context.log.warn({ error }, 'A sweep failed; the next one tries again'))
      .finally(() => {
        if (!stopped) timer = setTimeout(tick, terms.sweepIntervalMs)
      })
  }
  timer = setTimeout(tick, terms.sweepIntervalMs)
  context.closers.add('expiry sweep', async () => {
    stopped = true
    clearTimeout(timer)
    await running
  })
}
