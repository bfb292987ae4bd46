import type { PoolClient } from 'pg'
import { dispatch, sendStock, type CommandRow } from './dispatch.ts'

/** What one part of a row came to. */
export interface PartOutcome {
  importId: string
  line: number
  outcome: string
  /** Of the problem that the route would have answered. */
  code?: string | undefined
  detail?: string | undefined
}

/** How many rows ended, by how. */
export interface Settled {
  done: number
  refused: number
}

type Updated = CommandRow & { state: 'under-way' | 'done' | 'refused' }

/**
 * Writes down what became of parts of rows, in the transaction that has the effect or takes the answer: rows end, those whose item is done
 * send their stock, and each import sends its next rows. Parts of imports that are gone by now are nothing.
 */
export async function settle(
  client: PoolClient,
  part: 'item' | 'stock',
  outcomes: readonly PartOutcome[],
  now: number
): Promise<Settled> {
  const updated = await writeOutcomes(client, part, outcomes)
  await sendStock(
    client,
    updated.filter(({ state }) => state === 'under-way'),
    now
  )
  const ended = updated.filter(({ state }) => state !== 'under-way')
  const refused = ended.filter(({ state }) => state === 'refused').length
  const byImport = Map.groupBy(ended, (row) => row.import_id)
  // In one order, so that two batches with rows of the same imports cannot deadlock.
  for (const importId of [...byImport.keys()].toSorted()) {
    await count(client, importId, byImport.get(importId)!, now)
    await dispatch(client, importId, now)
  }
  return { done: ended.length - refused, refused }
}

async function writeOutcomes(
  client: PoolClient,
  part: 'item' | 'stock',
  outcomes: readonly PartOutcome[]
): Promise<Updated[]> {
  if (outcomes.length === 0) return []
  const { rows } = await client.query<Updated>(
    `update import_rows
        set item_outcome = case when $1 = 'item' then told.outcome else item_outcome end,
            stock_outcome = case when $1 = 'stock' then told.outcome else stock_outcome end,
            code = told.code,
            detail = told.detail,
            state = case when told.code is not null then 'refused'
                         when $1 = 'item' and import_rows.stock is not null then 'under-way'
                         else 'done' end
       from unnest($2::text[], $3::integer[], $4::text[], $5::text[], $6::text[])
         as told (import_id, line, outcome, code, detail)
       join imports on imports.import_id = told.import_id
      where import_rows.import_id = told.import_id
        and import_rows.line = told.line
        and import_rows.state = 'under-way'
      returning import_rows.import_id, import_rows.line, import_rows.product_id, import_rows.item, import_rows.stock,
                import_rows.state, imports.upload, imports.started_by`,
    [
      part,
      outcomes.map(({ importId }) => importId),
      outcomes.map(({ line }) => line),
      outcomes.map(({ outcome }) => outcome),
      outcomes.map(({ code }) => code ?? null),
      outcomes.map(({ detail }) => detail?.slice(0, 300) ?? null)
    ]
  )
  return rows.toSorted((row, other) => row.line - other.line)
}

async function count(client: PoolClient, importId: string, ended: readonly Updated[], now: number): Promise<void> {
  await client.query(
    `update imports
        set done = done + $2::integer,
            refused = refused + $3::integer,
            under_way = under_way - $2 - $3,
            changed_at = $4::timestamptz,
            state = case when done + refused + $2 + $3 = rows then 'done' else state end,
            ended_at = case when done + refused + $2 + $3 = rows then $4 end
      where import_id = $1`,
    [
      importId,
      ended.filter(({ state }) => state === 'done').length,
      ended.filter(({ state }) => state === 'refused').length,
      new Date(now)
    ]
  )
}
