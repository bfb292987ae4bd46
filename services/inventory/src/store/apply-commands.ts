import type { ProductStock } from '@gavel/contracts/api/inventory.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Pool, PoolClient } from 'pg'
import { StockBook } from '../domain/book.ts'
import { carryOut, memoryOf, type CarriedOut, type CommandOutcome, type StockCommand } from '../domain/commands.ts'
import { decidedElsewhere } from '@gavel/platform/postgres/decided-elsewhere.ts'
import { lockStock, toProductStock } from './stock-rows.ts'
import { writeBook } from './write-book.ts'

/** What a command came to. `stock` is the product's as the whole batch left it; nothing where none is kept. */
export type CommandResult = CommandOutcome & { stock: ProductStock | undefined }

/**
 * Carries out commands by hand, in their order, in one transaction. A refused one is an answer, changes nothing and does not hold up the
 * others. Each id counts once, whoever sends it again and wherever.
 */
export const applyCommands = (pool: Pool, commands: readonly StockCommand[], now: number): Promise<CommandResult[]> =>
  transaction(pool, (client) => applyCommandsIn(client, commands, now))

/** The same in the caller's transaction, for one that records more with it. Throws a Fault of PostgreSQL's code 40001 where it must run again. */
export async function applyCommandsIn(
  client: PoolClient,
  commands: readonly StockCommand[],
  now: number
): Promise<CommandResult[]> {
  const book = new StockBook(await lockStock(client, [...new Set(commands.map(({ productId }) => productId))]), now)
  const memory = new CommandMemory(await readCarriedOut(client, commands))
  const outcomes = commands.map((command) => {
    const outcome = carryOut(book, memory.of(command), command)
    if (outcome.outcome === 'applied' || outcome.outcome === 'unchanged') memory.remember(command)
    return outcome
  })
  await insertCarriedOut(client, memory.fresh, now)
  await writeBook(client, book, now)
  const products = new Map<string, ProductStock | undefined>()
  for (const { productId } of commands) {
    if (products.has(productId)) continue
    const lines = book.linesOf(productId).toSorted((line, other) => (line.location < other.location ? -1 : 1))
    products.set(productId, lines.length === 0 ? undefined : toProductStock(productId, lines))
  }
  return outcomes.map((outcome, index) => ({ ...outcome, stock: products.get(commands[index]!.productId) }))
}

type WithId = StockCommand & { commandId: string }

/** What was carried out before this batch and in it, by kind and id. */
class CommandMemory {
  readonly #known: Map<string, CarriedOut>
  readonly fresh: WithId[] = []

  constructor(carriedOut: readonly CarriedOut[]) {
    this.#known = new Map(carriedOut.map((each) => [`${each.kind}/${each.commandId}`, each]))
  }

  of({ kind, commandId }: StockCommand): CarriedOut | undefined {
    return commandId === undefined ? undefined : this.#known.get(`${kind}/${commandId}`)
  }

  remember(command: StockCommand): void {
    const { kind, commandId } = command
    if (commandId === undefined) return
    this.#known.set(`${kind}/${commandId}`, { ...memoryOf(command), commandId })
    this.fresh.push({ ...command, commandId })
  }
}

async function readCarriedOut(client: PoolClient, commands: readonly StockCommand[]): Promise<CarriedOut[]> {
  const { rows } = await client.query<{
    kind: StockCommand['kind']
    command_id: string
    product_id: string
    location: string
    to_location: string | null
    pieces: number
  }>(
    `select kind, command_id, product_id, location, to_location, pieces
       from stock_commands
      where (kind, command_id) in (select * from unnest($1::text[], $2::text[]))`,
    [commands.map(({ kind }) => kind), commands.map(({ commandId }) => commandId ?? null)]
  )
  return rows.map((row) => ({
    kind: row.kind,
    commandId: row.command_id,
    productId: row.product_id,
    location: row.location,
    toLocation: row.to_location ?? undefined,
    pieces: row.pieces
  }))
}

async function insertCarriedOut(client: PoolClient, commands: readonly WithId[], now: number): Promise<void> {
  if (commands.length === 0) return
  const remembered = commands.map(memoryOf)
  const { rowCount } = await client.query(
    `insert into stock_commands (kind, command_id, product_id, location, to_location, pieces, reason, actor, carried_out_at)
     select kind, command_id, product_id, location, to_location, pieces, reason, actor, $9
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[])
         as command (kind, command_id, product_id, location, to_location, pieces, reason, actor)
      order by kind, command_id
         on conflict (kind, command_id) do nothing`,
    [
      commands.map(({ kind }) => kind),
      commands.map(({ commandId }) => commandId),
      remembered.map(({ productId }) => productId),
      remembered.map(({ location }) => location),
      remembered.map(({ toLocation }) => toLocation ?? null),
      remembered.map(({ pieces }) => pieces),
      commands.map(({ reason }) => reason ?? null),
      commands.map(({ actor }) => actor),
      new Date(now)
    ]
  )
  // Two products' rows do not lock each other: the same id used for both at once meets here, at the primary key.
  if (rowCount !== commands.length)
    throw decidedElsewhere('A command id was used in another transaction at the same moment')
}
