import { setTimeout as delay } from 'node:timers/promises'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Pool } from '@gavel/platform/postgres/pool.ts'
import { breakOff, type Upload } from './receive.ts'

export interface ImportTerms {
  /** How long an import and its report are kept, from its start. */
  retentionMs: number
  /** An upload that brought nothing for so long is broken off: whoever took it is gone. */
  abandonedMs: number
  everyMs: number
}

/** Imports of one statement: each may have a hundred thousand rows, which go with it. */
const AT_ONCE = 1

/** What has to be done now and then, by whichever process comes to it. */
export async function sweepImports(pool: Pool, terms: ImportTerms, now: number): Promise<void> {
  const { rows } = await pool.query<{ import_id: string; upload: string }>(
    `select import_id, upload from imports where state = 'receiving' and changed_at < $1 limit 100`,
    [new Date(now - terms.abandonedMs)]
  )
  for (const { import_id, upload } of rows) {
    const abandoned: Upload = { importId: import_id, upload }
    await breakOff(pool, abandoned, now)
  }
  for (let removed: number | null = AT_ONCE; removed === AT_ONCE;) {
    ;({ rowCount: removed } = await pool.query(
      `delete from imports where import_id in (
         select import_id from imports where started_at < $1 order by started_at limit $2 for update skip locked)`,
      [new Date(now - terms.retentionMs), AT_ONCE]
    ))
  }
}

export function startImportSweep(context: ServiceContext, pool: Pool, terms: ImportTerms): void {
  const stopping = new AbortController()
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await sweepImports(pool, terms, context.clock()).catch((error: unknown) =>
        context.log.debug({ error }, 'Imports could not be swept')
      )
      await delay(terms.everyMs, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined)
    }
  }
  const running = run()
  context.closers.add(
    'import sweep',
    async () => {
      stopping.abort()
      await running
    },
    'relays'
  )
}
