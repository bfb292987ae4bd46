import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Pool } from 'pg'
import { makePartitions } from './store/partitions.ts'
import { trimStatistics, type Keeping } from './store/trim-statistics.ts'

/** Looks after the partitions and the narrow windows now and then until the process ends, one look at a time. */
export function startUpkeep(
  context: ServiceContext,
  pool: Pool,
  { monthsAhead, everyMs, keeping }: { monthsAhead: number; everyMs: number; keeping: Keeping }
): void {
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const look = async (): Promise<void> => {
    try {
      const made = await makePartitions(pool, context.clock(), monthsAhead)
      if (made) context.log.info({ made }, 'Partitions were made ahead')
      await trimStatistics(pool, context.clock(), keeping)
    } catch (error) {
      context.log.warn({ error }, 'The upkeep could not be done; the next look tries again')
    }
    if (!stopped) timer = setTimeout(begin, everyMs)
  }
  let looking: Promise<void> = Promise.resolve()
  const begin = (): void => {
    looking = look()
  }
  begin()
  context.closers.add('upkeep', async () => {
    stopped = true
    clearTimeout(timer)
    await looking
    clearTimeout(timer)
  })
}
