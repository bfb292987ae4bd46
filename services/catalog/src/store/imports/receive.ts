import { randomUUID } from 'node:crypto'
import type { Import } from '@gavel/contracts/api/catalog.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { transaction, type Pool, type PoolClient } from '@gavel/platform/postgres/pool.ts'
import type { RowRead } from '../../domain/import-row.ts'
import { dispatch } from './dispatch.ts'
import { readImport } from './read-imports.ts'

/** One attempt to bring a file. Of several for one id the newest counts. */
export interface Upload {
  importId: string
  upload: string
}

export interface NewImport {
  importId: string
  type: string
  fileName: string | undefined
  startedBy: string
}

/** A row of the file, by the line on which it begins. */
export type StagedRow = RowRead & { line: number }

/** Begins to receive a file; undefined where one of this id has come whole before. What an earlier attempt left is forgotten. */
export async function beginUpload(pool: Pool, wanted: NewImport, now: number): Promise<Upload | undefined> {
  const upload = randomUUID()
  return await transaction(pool, async (client) => {
    const { rowCount } = await client.query(
      `insert into imports (import_id, upload, state, type, file_name, started_by, started_at, changed_at)
       values ($1, $2, 'receiving', $3, $4, $5, $6, $6)
       on conflict (import_id) do update
          set upload = excluded.upload, state = 'receiving', type = excluded.type, file_name = excluded.file_name,
              started_by = excluded.started_by, started_at = excluded.started_at, changed_at = excluded.changed_at,
              ended_at = null, rows = 0, refused = 0
        where imports.state in ('receiving', 'broken-off')`,
      [wanted.importId, upload, wanted.type, wanted.fileName ?? null, wanted.startedBy, new Date(now)]
    )
    if (rowCount === 0) return undefined
    await client.query('delete from import_rows where import_id = $1', [wanted.importId])
    return { importId: wanted.importId, upload }
  })
}

/** Holds the import for this upload until the end of the transaction. Refuses where a newer one has begun. */
async function hold(client: PoolClient, { importId, upload }: Upload): Promise<{ rows: number; refused: number }> {
  const { rows } = await client.query<{ rows: number; refused: number }>(
    `select rows, refused from imports where import_id = $1 and upload = $2 and state = 'receiving' for update`,
    [importId, upload]
  )
  if (!rows[0]) throw new Refusal('IMPORT_SUPERSEDED', { importId })
  return rows[0]
}

/** Stores rows, of which nothing is done yet. */
export async function stageRows(pool: Pool, upload: Upload, staged: readonly StagedRow[], now: number): Promise<void> {
  if (staged.length === 0) return
  await transaction(pool, async (client) => {
    await hold(client, upload)
    const asks = staged.map((row) => (row.status === 'read' ? row : undefined))
    const fails = staged.map((row) => (row.status === 'refused' ? row : undefined))
    await client.query(
      `insert into import_rows (import_id, line, product_id, item, stock, code, detail, state)
       select $1, line, product_id, item, stock, code, detail, case when code is null then 'waiting' else 'refused' end
         from unnest($2::integer[], $3::text[], $4::jsonb[], $5::jsonb[], $6::text[], $7::text[])
           as row (line, product_id, item, stock, code, detail)`,
      [
        upload.importId,
        staged.map(({ line }) => line),
        staged.map(({ productId }) => productId ?? null),
        asks.map((row) => (row?.item ? JSON.stringify(row.item) : null)),
        asks.map((row) => (row?.stock ? JSON.stringify(row.stock) : null)),
        fails.map((row) => row?.code ?? null),
        fails.map((row) => row?.detail ?? null)
      ]
    )
    await client.query(
      'update imports set rows = rows + $2, refused = refused + $3, changed_at = $4 where import_id = $1',
      [upload.importId, staged.length, fails.filter(Boolean).length, new Date(now)]
    )
  })
}

/** The file has come whole: from here on its rows are carried out, whatever dies. */
export async function acceptUpload(pool: Pool, upload: Upload, digest: Buffer, now: number): Promise<Import> {
  return await transaction(pool, async (client) => {
    const { rows, refused } = await hold(client, upload)
    if (rows === 0) throw new Refusal('IMPORT_EMPTY')
    await client.query(
      `update imports set state = $2, digest = $3, changed_at = $4, ended_at = $5 where import_id = $1`,
      [
        upload.importId,
        refused === rows ? 'done' : 'running',
        digest,
        new Date(now),
        refused === rows ? new Date(now) : null
      ]
    )
    await dispatch(client, upload.importId, now)
    return (await readImport(client, upload.importId))!
  })
}

/** Nothing of it will be done. Its name stays, so that it is seen that it did not come whole. */
export async function breakOff(pool: Pool, { importId, upload }: Upload, now: number): Promise<void> {
  await transaction(pool, async (client) => {
    const { rowCount } = await client.query(
      `update imports set state = 'broken-off', rows = 0, refused = 0, changed_at = $3, ended_at = $3
        where import_id = $1 and upload = $2 and state = 'receiving'`,
      [importId, upload, new Date(now)]
    )
    if (rowCount === 1) await client.query('delete from import_rows where import_id = $1', [importId])
  })
}

/** A file that was refused leaves no trace but the act in the audit. */
export async function forget(pool: Pool, { importId, upload }: Upload): Promise<void> {
  await pool.query(`delete from imports where import_id = $1 and upload = $2 and state = 'receiving'`, [
    importId,
    upload
  ])
}
