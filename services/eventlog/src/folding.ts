import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Pool } from 'pg'
import type { EventlogMetrics } from './metrics.ts'
import { foldLog } from './store/fold-log.ts'
import type { HeadWatch } from './store/head-watch.ts'

const RETRY_MS = 1_000
/** How often to look where the log says nothing: another process may have died with work left. */
const LOOK_MS = 5_000

/** Counts what the log gets as it gets it, until the process ends. Several processes take turns, batch by batch. */
export function startFolding(
  context: ServiceContext,
  { pool, watch, metrics }: { pool: Pool; watch: HeadWatch; metrics: EventlogMetrics }
): void {
  const stopping = new AbortController()
  const fold = async (): Promise<void> => {
    let position = 0
    while (!stopping.signal.aborted) {
      try {
        await watch.look()
        for (let more = true; more && !stopping.signal.aborted;) {
          const folded = await foldLog(pool)
          if (!folded) {
            context.log.info('Statistics are made by a newer version from here on')
            return
          }
          more = folded.position > position && folded.position < watch.position
          position = folded.position
          metrics.folded(folded)
        }
        await watch.waitBeyond(position, LOOK_MS, stopping.signal)
      } catch (error) {
        context.log.debug({ error }, 'Statistics cannot be made at the moment; the next look tries again')
        await watch.waitBeyond(Number.MAX_SAFE_INTEGER, RETRY_MS, stopping.signal)
      }
    }
  }
  const folding = fold()
  context.closers.add(
    'statistics',
    async () => {
      stopping.abort()
      await folding
    },
    'relays'
  )
}
