import type { Import, ImportRow, ImportRowState } from '@gavel/contracts/api/catalog.ts'
import type { Queryable } from '@gavel/platform/postgres/pool.ts'

interface ImportColumns {
  import_id: string
  position: number
  state: Import['state']
  type: Import['type']
  file_name: string | null
  rows: number
  done: number
  refused: number
  started_by: string
  started_at: Date
  changed_at: Date
  ended_at: Date | null
}

const importColumns =
  'import_id, position, state, type, file_name, rows, done, refused, started_by, started_at, changed_at, ended_at'

const importOf = (row: ImportColumns): Import => ({
  importId: row.import_id,
  state: row.state,
  ...(row.file_name !== null && { fileName: row.file_name }),
  type: row.type,
  rows: row.rows,
  waiting: row.rows - row.done - row.refused,
  done: row.done,
  refused: row.refused,
  startedBy: row.started_by,
  startedAt: row.started_at.getTime(),
  changedAt: row.changed_at.getTime(),
  ...(row.ended_at && { endedAt: row.ended_at.getTime() })
})

export async function readImport(db: Queryable, importId: string): Promise<Import | undefined> {
  const { rows } = await db.query<ImportColumns>(`select ${importColumns} from imports where import_id = $1`, [
    importId
  ])
  return rows[0] && importOf(rows[0])
}

/** SHA-256 of the file that has come whole under this id. */
export async function readDigest(db: Queryable, importId: string): Promise<Buffer | undefined> {
  const { rows } = await db.query<{ digest: Buffer | null }>('select digest from imports where import_id = $1', [
    importId
  ])
  return rows[0]?.digest ?? undefined
}

/** A page of imports before `position`, newest first. */
export async function listImports(
  db: Queryable,
  { before, limit }: { before: number | undefined; limit: number }
): Promise<{ imports: Import[]; lastPosition: number | undefined }> {
  const { rows } = await db.query<ImportColumns>(
    `select ${importColumns} from imports where ($1::bigint is null or position < $1) order by position desc limit $2`,
    [before ?? null, limit + 1]
  )
  const page = rows.slice(0, limit)
  return { imports: page.map(importOf), lastPosition: rows.length > limit ? page.at(-1)?.position : undefined }
}

interface RowColumns {
  line: number
  state: 'waiting' | 'under-way' | 'done' | 'refused'
  product_id: string | null
  item_outcome: NonNullable<ImportRow['item']> | null
  stock_outcome: NonNullable<ImportRow['stock']> | null
  code: string | null
  detail: string | null
}

const rowOf = (row: RowColumns): ImportRow => ({
  line: row.line,
  state: row.state === 'under-way' ? 'waiting' : row.state,
  ...(row.product_id !== null && { productId: row.product_id }),
  ...(row.item_outcome !== null && { item: row.item_outcome }),
  ...(row.stock_outcome !== null && { stock: row.stock_outcome }),
  ...(row.code !== null && { code: row.code }),
  ...(row.detail !== null && { detail: row.detail })
})

/** Rows after a line, in the order of the file; those of one state, or all. */
export async function listImportRows(
  db: Queryable,
  asked: { importId: string; state: ImportRowState | undefined; after: number; limit: number }
): Promise<ImportRow[]> {
  const states = asked.state === undefined ? [] : asked.state === 'waiting' ? ['waiting', 'under-way'] : [asked.state]
  const { rows } = await db.query<RowColumns>(
    `select line, state, product_id, item_outcome, stock_outcome, code, detail
       from import_rows
      where import_id = $1 and line > $2 and ($3::text[] = '{}' or state = any($3))
      order by line
      limit $4`,
    [asked.importId, asked.after, states, asked.limit]
  )
  return rows.map(rowOf)
}

/** How many imports run, and how long the one that waits longest has made no progress. */
export async function readOpenImports(db: Queryable, now: number): Promise<{ count: number; idleSeconds: number }> {
  const { rows } = await db.query<{ count: number; oldest: Date | null }>(
    `select count(*)::integer as count, min(changed_at) as oldest from imports where state = 'running'`
  )
  const { count = 0, oldest } = rows[0] ?? {}
  return { count, idleSeconds: oldest ? Math.max(0, now - oldest.getTime()) / 1000 : 0 }
}
