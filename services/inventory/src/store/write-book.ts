import { stock } from '@gavel/contracts/topics.ts'
import { appendToOutbox } from '@gavel/platform/postgres/outbox.ts'
import type { PoolClient } from 'pg'
import type { Entry, StockBook, StockLine } from '../domain/book.ts'
import { decidedElsewhere } from '@gavel/platform/postgres/decided-elsewhere.ts'
import { stockChanged } from './events.ts'

/**
 * Writes what was decided on a book, in the transaction that locked its rows: each row once, the history of every change, and an event
 * for each step. Four statements, whether one sale is behind them or a thousand.
 */
export async function writeBook(client: PoolClient, book: StockBook, now: number): Promise<void> {
  const { changed } = book
  if (changed.length === 0) return
  await insertLines(
    client,
    changed.filter(({ before }) => before === 0).map(({ line }) => line)
  )
  await updateLines(
    client,
    changed.filter(({ before }) => before > 0)
  )
  await insertHistory(client, book.entries, now)
  await appendToOutbox(
    client,
    stock,
    book.steps.map((step) => stockChanged(step, now))
  )
}

const columns = (lines: readonly Readonly<StockLine>[]): unknown[][] => [
  lines.map(({ productId }) => productId),
  lines.map(({ location }) => location),
  lines.map(({ available }) => available),
  lines.map(({ reserved }) => reserved),
  lines.map(({ sold }) => sold),
  lines.map(({ supplied }) => supplied),
  lines.map(({ version }) => version),
  lines.map(({ changedAt }) => new Date(changedAt))
]

async function insertLines(client: PoolClient, lines: readonly Readonly<StockLine>[]): Promise<void> {
  if (lines.length === 0) return
  const { rowCount } = await client.query(
    `insert into stock (product_id, location, available, reserved, sold, supplied, version, changed_at)
     select * from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::timestamptz[])
         as line (product_id, location, available, reserved, sold, supplied, version, changed_at)
      order by product_id, location
         on conflict (product_id, location) do nothing`,
    columns(lines)
  )
  // What is not there yet cannot be locked: another transaction made the place begin at the same moment.
  if (rowCount !== lines.length) throw decidedElsewhere('A place began to exist in another transaction')
}

async function updateLines(
  client: PoolClient,
  changed: readonly { line: Readonly<StockLine>; before: number }[]
): Promise<void> {
  if (changed.length === 0) return
  const { rowCount } = await client.query(
    `update stock
        set available = line.available,
            reserved = line.reserved,
            sold = line.sold,
            supplied = line.supplied,
            version = line.version,
            changed_at = line.changed_at
       from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::timestamptz[], $9::bigint[])
         as line (product_id, location, available, reserved, sold, supplied, version, changed_at, before)
      where stock.product_id = line.product_id
        and stock.location = line.location
        and stock.version = line.before`,
    [...columns(changed.map(({ line }) => line)), changed.map(({ before }) => before)]
  )
  if (rowCount !== changed.length)
    throw new Error(`${changed.length} places were to change but only ${rowCount} stand as they were read`)
}

async function insertHistory(client: PoolClient, entries: readonly Entry[], now: number): Promise<void> {
  await client.query(
    `insert into stock_history (product_id, location, version, reason, available_change, reserved_change, sold_change,
                                available, reserved, sold, actor, note, command_id, order_number, changed_at)
     select product_id, location, version, reason, available_change, reserved_change, sold_change,
            available, reserved, sold, actor, note, command_id, order_number, $15
       from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
                   $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::text[], $14::text[]) with ordinality
         as entry (product_id, location, version, reason, available_change, reserved_change, sold_change,
                   available, reserved, sold, actor, note, command_id, order_number, place)
      order by place`,
    [
      entries.map(({ productId }) => productId),
      entries.map(({ location }) => location),
      entries.map(({ version }) => version),
      entries.map(({ reason }) => reason),
      entries.map(({ change }) => change.available),
      entries.map(({ change }) => change.reserved),
      entries.map(({ change }) => change.sold),
      entries.map(({ available }) => available),
      entries.map(({ reserved }) => reserved),
      entries.map(({ sold }) => sold),
      entries.map(({ cause }) => cause.actor),
      entries.map(({ cause }) => cause.note ?? null),
      entries.map(({ cause }) => cause.commandId ?? null),
      entries.map(({ cause }) => cause.orderNumber ?? null),
      new Date(now)
    ]
  )
}
