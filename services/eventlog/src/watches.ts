import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Pool } from 'pg'
import { HeadWatch } from './store/head-watch.ts'
import { theLog } from './store/read-events.ts'
import { theStatistics } from './store/read-statistics.ts'

/** Everything of this service that moves forward and is followed. */
export function watchAll(context: ServiceContext, pool: Pool, { pollMs }: { pollMs: number }) {
  const watches = {
    log: new HeadWatch(context, pool, { ...theLog, pollMs }),
    statistics: new HeadWatch(context, pool, { ...theStatistics, pollMs })
  }
  for (const watch of Object.values(watches)) watch.start()
  return watches
}
