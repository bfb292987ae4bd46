import type { WindowChange } from '@gavel/contracts/api/statistics.ts'
import type { Pool } from 'pg'
import { sagaDurationsOf } from './domain/statistics-summary.ts'
import type { HeadWatch } from './store/head-watch.ts'
import { behindAll, findChanges, type ChangedWindow, type ChangeFilter } from './store/read-statistics.ts'
import type { Source } from './streams.ts'

/** Windows in memory for one stream at most. */
const PAGE = 200

const changeOf = (window: ChangeFilter['window'], { figure, subject, at, parts }: ChangedWindow): WindowChange => ({
  figure,
  window,
  at,
  ...(subject !== '' && { subject }),
  ...(figure === 'saga-durations' ? { durations: sagaDurationsOf(parts) } : { by: parts })
})

/**
 * The windows that change, as a stream. Only the last one of a change carries its position: a reader that breaks off before has the others
 * again, whole as they then are, which changes nothing for it.
 */
export const statisticsSource = (pool: Pool, watch: HeadWatch, filter: ChangeFilter): Source => ({
  watch,
  async *framesBetween(after, upTo) {
    let behind = behindAll(after)
    let held: ChangedWindow | undefined
    for (let more = true; more;) {
      const changes = await findChanges(pool, filter, { behind, upTo, limit: PAGE })
      more = changes.length === PAGE
      if (changes.length > 0) behind = changes.at(-1)!
      for (const change of changes) {
        if (held) yield frameOf(filter, held, change.changedPosition > held.changedPosition)
        held = change
      }
    }
    if (held) yield frameOf(filter, held, true)
  }
})

function frameOf({ window }: ChangeFilter, change: ChangedWindow, last: boolean) {
  const data = `data: ${JSON.stringify(changeOf(window, change))}\n\n`
  return last ? { text: `id: ${change.changedPosition}\n${data}`, position: change.changedPosition } : { text: data }
}
