import { randomUUID } from 'node:crypto'
import type { SaleConfirmed } from '@gavel/contracts/events/sale.ts'
import { Secret } from '@gavel/platform/config.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { createPool, type Pool } from '@gavel/platform/postgres/pool.ts'
import { createContext } from '@gavel/platform/service.ts'
import { applyCommands } from '../../services/inventory/src/store/apply-commands.ts'
import { reserveSales } from '../../services/inventory/src/store/reserve-sales.ts'
import type { Figures, Scale } from './benchmark.ts'

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

type Way = {
  title: string
  batchSize: number
  /** Transactions at once. One is a partition's consumer, which works in order; more is generous to the small batch. */
  atOnce: number
}
const batched: Way = { title: 'batches of 500', batchSize: 500, atOnce: 1 }
const single: Way = { title: 'one transaction a sale', batchSize: 1, atOnce: 1 }
const singleAtOnce: Way = { title: 'one transaction a sale, ten at once', batchSize: 1, atOnce: 10 }

/** Sales reserved a second. Throws where stock and sales do not agree at the end. */
async function serve(pool: Pool, run: string, sales: number, { batchSize, atOnce }: Way): Promise<number> {
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

/** All three in each round, so that a ratio is free of the machine's drift. */
export async function measureHotProduct(
  postgresUrl: string,
  { rounds, short }: Scale,
  figures: Figures,
  say: (line: string) => void
): Promise<void> {
  const context = createContext({ name: 'load', logLevel: 'warn' })
  const pool = createPool({ url: new Secret(postgresUrl), poolMax: 10 }, context)
  const sales = short ? 2_000 : 20_000
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const way of [batched, single, singleAtOnce]) {
        // One by one takes many times as long, and needs fewer to be measured.
        const count = way.batchSize === 1 ? Math.ceil(sales / 20) : sales
        const perSecond = await serve(pool, `hot-${randomUUID()}`, count, way)
        figures.add(way.title, '', { 'sales/s': perSecond })
        say(`round ${round + 1}: ${Math.round(perSecond)} sales/s, ${way.title}`)
      }
    }
    const of = ({ title }: Way) => ({ of: title, under: '', name: 'sales' })
    figures.compare('batches to one transaction a sale', of(batched), of(single))
    figures.compare('batches to one transaction a sale, ten at once', of(batched), of(singleAtOnce))
  } finally {
    await context.closers.closeAll(10_000)
  }
}
