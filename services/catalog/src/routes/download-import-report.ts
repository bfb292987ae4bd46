import { Readable } from 'node:stream'
import type { ImportRow, ImportRowState } from '@gavel/contracts/api/catalog.ts'
import type * as api from '@gavel/contracts/api/catalog.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from '@gavel/platform/postgres/pool.ts'
import type { Dependencies } from '../dependencies.ts'
import { csvLine } from '../domain/csv.ts'
import { listImportRows } from '../store/imports/read-imports.ts'
import { importNamed } from './import-named.ts'

/** Rows read from the database at once, and held in memory at most. */
const ROWS_AT_ONCE = 1_000

const columns = ['line', 'state', 'productId', 'item', 'stock', 'code', 'detail'] as const satisfies (keyof ImportRow)[]

async function* reportOf(pool: Pool, importId: string, state: ImportRowState | undefined): AsyncGenerator<string> {
  yield csvLine(columns)
  for (let after: number | undefined = 0; after !== undefined;) {
    const rows: ImportRow[] = await listImportRows(pool, { importId, state, after, limit: ROWS_AT_ONCE })
    yield rows.map((row) => csvLine(columns.map((column) => String(row[column] ?? '')))).join('')
    after = rows.length < ROWS_AT_ONCE ? undefined : rows.at(-1)?.line
  }
}

export const downloadImportReport =
  ({ pool }: Dependencies): Handler<typeof api.downloadImportReport> =>
  async ({ params: { importId }, query: { state } }) => {
    await importNamed(pool, importId)
    const report = Readable.from(reportOf(pool, importId, state))
    return reply(200, report as unknown as null, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="import-${importId}.csv"`
    })
  }
