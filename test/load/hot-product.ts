import type { SaleConfirmed } from '@gavel/contracts/events/sale.ts'
import { Secret } from '@gavel/platform/config.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { createPool, type Pool } from '@gavel/platform/postgres/pool.ts'
import { createContext } from '@gavel/platform/service.ts'
import { applyCommands } from '../../services/inventory/src/store/apply-commands.ts'
import { reserveSales } from '../../services/inventory/src/store/reserve-sales.ts'

/** Sales of one hot product as inventory's consumer serves them: the same code and database, only the size of the batch differs. */

const location = 'main'
const terms = { reservationTtlMs: 3_600_000 }

const confirmed = (run: string, number: number): IncomingEvent<typeof SaleConfirmed> => {
  const orderNumber = `${run}.${number}`
  const sale = {
    orderNumber,
    auctionId: run,
    productId: run,
    userId: `buyer-${number % 1000}`,
    quantity: 1,
    unitPriceMinor: 100,
    totalMinor: 100,
    currency: 'USD',
    confirmedAt: 1
  }
  return { id: `${orderNumber}.SaleConfirmed`, name: 'SaleConfirmed', data: { sale } } as unknown as IncomingEvent<
    typeof SaleConfirmed
  >
}

export type HotPlan = {
  sales: number
  batchSize: number
  /** Transactions at once. One is a partition's consumer, which works in order; more is generous to the small batch. */
  atOnce: number
}

/** Sales reserved a second. Throws where stock and sales do not agree at the end. */
async function serve(pool: Pool, run: string, { sales, batchSize, atOnce }: HotPlan): Promise<number> {
  await applyCommands(pool, [{ kind: 'set', productId: run, location, available: sales, actor: 'load' }], Date.now())
  const events = Array.from({ length: sales }, (_, number) => confirmed(run, number))
  const beganAt = performance.now()
  let next = 0
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < events.length) {
        const batch = events.slice(next, (next += batchSize))
        await reserveSales(pool, { group: 'inventory.sale-confirmed', events: batch }, Date.now(), terms)
      }
    })
  )
  const perSecond = sales / ((performance.now() - beganAt) / 1000)
  const { rows } = await pool.query<{ available: number; reserved: number }>(
    'select available, reserved from stock where product_id = $1',
    [run]
  )
  if (rows[0]?.available !== 0 || rows[0].reserved !== sales)
    throw new Error(`${sales} sales left ${JSON.stringify(rows[0])}`)
  return perSecond
}

export type HotRound = { round: number; batched: number; single: number; singleAtOnce: number }

/** All three in each round, so that a ratio is free of the machine's drift. */
export async function measureHotProduct(
  postgresUrl: string,
  plan: { rounds: number; sales: number },
  say: (line: string) => void
): Promise<HotRound[]> {
  const context = createContext({ name: 'load', logLevel: 'warn' })
  const pool = createPool({ url: new Secret(postgresUrl), poolMax: 10 }, context)
  const rounds: HotRound[] = []
  try {
    for (let round = 0; round < plan.rounds; round += 1) {
      const { sales } = plan
      const few = Math.ceil(sales / 20)
      const run = `hot-${Date.now()}-${round}`
      const batched = await serve(pool, `${run}-b`, { sales, batchSize: 500, atOnce: 1 })
      const single = await serve(pool, `${run}-s`, { sales: few, batchSize: 1, atOnce: 1 })
      const singleAtOnce = await serve(pool, `${run}-m`, { sales: few, batchSize: 1, atOnce: 10 })
      rounds.push({ round, batched, single, singleAtOnce })
      say(
        `round ${round + 1}: ${Math.round(batched)} sales/s in batches of 500, ${Math.round(single)} one by one, ${Math.round(singleAtOnce)} one by one in ten transactions at once`
      )
    }
    return rounds
  } finally {
    await context.closers.closeAll(10_000)
  }
}
