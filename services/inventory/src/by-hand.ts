import type { ProductStock } from '@gavel/contracts/api/inventory.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { groupCommit } from '@gavel/platform/group-commit.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Pool } from 'pg'
import type { StockCommand } from './domain/commands.ts'
import type { InventoryMetrics } from './metrics.ts'
import { applyCommands, type CommandResult } from './store/apply-commands.ts'
import type { StockCache } from './store/stock-cache.ts'

/** Beside the names of topics: what came by hand, over HTTP. */
const source = 'commands'

/** Carries a command out and answers the product's stock after it, or throws the refusal. */
export type ByHand = (command: StockCommand) => Promise<ProductStock>

/** One command of an admin: together with those of others, once, and seen by the admin's next read. */
export function carryOutByHand(parts: {
  context: ServiceContext
  pool: Pool
  cache: StockCache
  metrics: InventoryMetrics
}): ByHand {
  const { context, pool, cache, metrics } = parts
  const carryOut = groupCommit<StockCommand, CommandResult>((commands) => {
    metrics.batchSize.observe({ topic: source }, commands.length)
    return applyCommands(pool, commands, context.clock())
  })
  return async (command) => {
    const result = await carryOut(command)
    metrics.commands.inc({ kind: command.kind, outcome: result.outcome })
    if (result.outcome === 'refused') throw new Refusal(result.code, result.details)
    if (!result.stock) throw new Refusal('STOCK_NOT_FOUND')
    if (result.outcome === 'applied') await cache.outdate(result.stock)
    return result.stock
  }
}
