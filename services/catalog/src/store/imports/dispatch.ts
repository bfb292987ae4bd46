import type { PoolClient } from 'pg'
import {
  AddProduct,
  AdjustStock,
  ChangeProduct,
  PutProduct,
  RemoveProduct,
  SetStock
} from '@gavel/contracts/events/commands.ts'
import { productCommands, stockCommands } from '@gavel/contracts/topics.ts'
import type { OutgoingEvent } from '@gavel/platform/kafka/producer.ts'
import { appendToOutbox } from '@gavel/platform/postgres/outbox.ts'
import type { ItemPart, StockPart } from '../../domain/import-row.ts'

/**
 * Rows of one import that are under way at most: the topics, the outbox and everybody behind them see this many of a file, however long
 * it is, and commands that all end as dead letters stop it here.
 */
export const UNDER_WAY_MAX = 3_000

/** Waiting rows that are looked at for those that may go. */
const LOOKED_AT = 3_000

export interface CommandRow {
  import_id: string
  upload: string
  started_by: string
  line: number
  product_id: string
  item: ItemPart | null
  stock: StockPart | null
}

/** What a row's commands have in common. The id is of the upload, so that an import id that is used again years later is another's. */
const originOf = (row: CommandRow) => ({
  importId: row.import_id,
  line: row.line,
  commandId: `${row.upload}-${row.line}`,
  actor: row.started_by,
  productId: row.product_id
})

function productCommandOf(row: CommandRow & { item: ItemPart }, time: number): OutgoingEvent {
  const origin = originOf(row)
  const { productId, commandId } = origin
  const envelope = { key: productId, subject: productId, id: `${commandId}.item`, source: 'catalog', time }
  const { item } = row
  switch (item.kind) {
    case 'add':
      return { definition: AddProduct, data: { ...origin, fields: item.fields }, ...envelope }
    case 'put':
      return { definition: PutProduct, data: { ...origin, fields: item.fields }, ...envelope }
    case 'change':
      return { definition: ChangeProduct, data: { ...origin, fields: item.fields }, ...envelope }
    case 'remove':
      return { definition: RemoveProduct, data: origin, ...envelope }
  }
}

function stockCommandOf(row: CommandRow & { stock: StockPart }, time: number): OutgoingEvent {
  const origin = originOf(row)
  const { productId, commandId } = origin
  const envelope = { key: productId, subject: productId, id: `${commandId}.stock`, source: 'catalog', time }
  const { location, reason = `Import ${row.import_id}` } = row.stock
  return row.stock.kind === 'set'
    ? { definition: SetStock, data: { ...origin, location, reason, available: row.stock.available }, ...envelope }
    : { definition: AdjustStock, data: { ...origin, location, reason, delta: row.stock.delta }, ...envelope }
}

const asksItem = (row: CommandRow): row is CommandRow & { item: ItemPart } => row.item !== null
const asksStock = (row: CommandRow): row is CommandRow & { stock: StockPart } => row.stock !== null

/** Sends the stock part of rows whose item was done, or that speak of stock alone. */
export async function sendStock(client: PoolClient, rows: readonly CommandRow[], now: number): Promise<void> {
  await appendToOutbox(
    client,
    stockCommands,
    rows.filter(asksStock).map((row) => stockCommandOf(row, now))
  )
}

/**
 * Sends as many of the next rows as there is room for, in the order of the file. The import's row must be locked. A row waits for earlier
 * ones of its product, but not where both go to the same topic, which keeps their order.
 */
export async function dispatch(client: PoolClient, importId: string, now: number): Promise<void> {
  const lines = await nextLines(client, importId)
  if (lines.length === 0) return
  const { rows: sent } = await client.query<Omit<CommandRow, 'upload' | 'started_by'>>(
    `update import_rows set state = 'under-way'
      where import_id = $1 and line = any($2::integer[])
      returning import_id, line, product_id, item, stock`,
    [importId, lines]
  )
  const { rows: counted } = await client.query<Pick<CommandRow, 'upload' | 'started_by'>>(
    'update imports set under_way = under_way + $2 where import_id = $1 returning upload, started_by',
    [importId, sent.length]
  )
  const rows = sent.map((row) => ({ ...row, ...counted[0]! })).toSorted((row, other) => row.line - other.line)
  await appendToOutbox(
    client,
    productCommands,
    rows.filter(asksItem).map((row) => productCommandOf(row, now))
  )
  await sendStock(
    client,
    rows.filter(({ item }) => item === null),
    now
  )
}

/**
 * One pass over what is under way and what comes next. Looking up the earlier rows of each row would be shorter, and takes minutes where
 * the planner has no figures yet of a table that has just been filled, or where a whole file is about one product.
 */
async function nextLines(client: PoolClient, importId: string): Promise<number[]> {
  const { rows } = await client.query<{ line: number }>(
    `with open as (
       (select line, product_id, kind, state
          from import_rows
         where import_id = $1 and state = 'under-way')
       union all
       (select line, product_id, kind, state
          from import_rows
         where import_id = $1 and state = 'waiting'
         order by line
         limit $2)
     ), judged as (
       select line, kind, state, min(kind) over earlier as lowest, max(kind) over earlier as highest
         from open
       window earlier as (partition by product_id order by line rows between unbounded preceding and 1 preceding)
     )
     select line
       from judged
      where state = 'waiting'
        and (lowest is null or (kind <> 'both' and lowest = kind and highest = kind))
      order by line
      limit $3 - (select under_way from imports where import_id = $1)`,
    [importId, LOOKED_AT, UNDER_WAY_MAX]
  )
  return rows.map(({ line }) => line)
}
