import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { listStock, setStock } from '@gavel/contracts/api/inventory.ts'
import { createGateway, type Gateway } from '@gavel/standalone/client/gateway.ts'
import { readDirectories } from '@gavel/standalone/config.ts'
import { startPlatform, type Platform } from '@gavel/standalone/platform.ts'
import { platformHome, removeHome } from '../support/platform.ts'
import { Figures, type Benchmark, type Scale } from './benchmark.ts'
import { measureHotProduct } from './hot-product.ts'
import { tickMs, ticksOf, waitUntilQuiet } from './quiet.ts'
import { applyStockLoad, type StockMeasured } from './stock-load.ts'
import { startTokenIssuer } from './tokens.ts'

type Inventory = { platform: Platform; inventory: Gateway; token: string; directory: string }

/** Inventory with the stores it stands on, and an admin's token. */
async function withInventory(
  say: (line: string) => void,
  measure: (inventory: Inventory) => Promise<void>
): Promise<void> {
  const directory = platformHome()
  mkdirSync(join(directory, 'logs'), { recursive: true })
  const issuing = await startTokenIssuer()
  let platform: Platform | undefined
  try {
    platform = await startPlatform({
      directories: { cache: readDirectories().cache, data: join(directory, 'data'), logs: join(directory, 'logs') },
      ports: 'free',
      services: ['inventory'],
      serviceEnv: { inventory: { JWKS_URL: issuing.jwksUrl, LOG_LEVEL: 'warn' } },
      rateLimits: 'off',
      progress: (line) => say(`  ${line}`)
    })
    const inventory = createGateway(`http://127.0.0.1:${platform.ports['inventory']}`, 4)
    await measure({ platform, inventory, token: await issuing.tokenFor('admin', 'admin'), directory })
    await inventory.close()
  } finally {
    await platform?.stop()
    await issuing.close()
    await removeHome(directory)
  }
}

const cases = { reads: 'reads alone', writes: 'writes alone', both: 'both at once' } as const
type Case = keyof typeof cases
const goals = { reads: 10_000, writes: 2_000 } as const

async function measureCase(
  { platform, token, directory }: Inventory,
  { short, warmUpMs, measureMs }: Scale,
  run: { products: string[]; name: Case; round: number }
): Promise<StockMeasured & { serverCores: number }> {
  const pid = platform.service('inventory').pid()!
  const askers = short ? 16 : 64
  const ticks = ticksOf(pid) ?? Number.NaN
  const beganAt = performance.now()
  const measured = await applyStockLoad(directory, {
    host: '127.0.0.1',
    port: platform.ports['inventory']!,
    token,
    products: run.products,
    readers: run.name === 'writes' ? 0 : askers,
    writers: run.name === 'reads' ? 0 : askers,
    run: `${run.name}-${run.round}`,
    warmUpMs,
    measureMs
  })
  const seconds = (performance.now() - beganAt) / 1000
  const serverCores = (((ticksOf(pid) ?? Number.NaN) - ticks) * tickMs) / 1000 / seconds
  await waitUntilQuiet(pid)
  return { ...measured, serverCores }
}

/** What was acknowledged must be there, and nothing else. */
async function checkStock({ inventory, token }: Inventory, written: ReadonlyMap<string, number>): Promise<string[]> {
  const stock = new Map<string, number>()
  for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
    const page = await inventory.call(listStock, { query: { limit: 200, ...(cursor && { cursor }) } }, { token })
    for (const { productId, available } of page.items) stock.set(productId, available)
    cursor = page.nextCursor
  }
  return [...written].flatMap(([productId, count]) => {
    const there = stock.get(productId)
    return there === count ? [] : [`${productId}: ${count} writes acknowledged, ${there} pieces there`]
  })
}

async function measureStock(inventory: Inventory, scale: Scale, say: (line: string) => void): Promise<Figures> {
  const figures = new Figures()
  const products = Array.from({ length: scale.short ? 20 : 200 }, (_, number) => `load-${number}`)
  for (const productId of products)
    await inventory.inventory.call(
      setStock,
      { params: { productId }, body: { available: 0 } },
      { token: inventory.token }
    )
  const written = new Map(products.map((productId) => [productId, 0]))
  const names = Object.keys(cases) as Case[]
  for (let round = 0; round < scale.rounds; round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      const name = names[(turn + round) % names.length]!
      const measured = await measureCase(inventory, scale, { products, name, round })
      for (const kind of ['reads', 'writes'] as const) {
        if (name !== kind && name !== 'both') continue
        const { perSecond, p50Ms, p99Ms } = measured[kind]
        const values = { 'requests/s': perSecond, 'p50 ms': p50Ms, 'p99 ms': p99Ms }
        figures.add(kind, cases[name], { 'requests/s': values['requests/s'] }, goals[kind])
        figures.add(kind, cases[name], { 'p50 ms': values['p50 ms'], 'p99 ms': values['p99 ms'] })
      }
      figures.add('inventory and generator', cases[name], {
        'server cores': measured.serverCores,
        'generator cores': measured.generatorCores
      })
      products.forEach((product, index) => written.set(product, written.get(product)! + measured.acknowledged[index]!))
      for (const [problem, count] of Object.entries(measured.problems))
        figures.faults.push(`${cases[name]}: ${count} times ${problem}`)
      const { reads, writes } = measured
      say(
        `round ${round + 1}: ${cases[name]}: ${Math.round(reads.perSecond)} reads/s, ${Math.round(writes.perSecond)} writes/s`
      )
    }
  }
  for (const kind of ['reads', 'writes'] as const) {
    const place = { of: kind, name: 'requests' }
    figures.compare(
      `${kind} beside ${kind === 'reads' ? 'writes' : 'reads'}, to alone`,
      { ...place, under: cases.both },
      { ...place, under: cases[kind] }
    )
  }
  figures.faults.push(...(await checkStock(inventory, written)))
  if (figures.faults.length === 0) figures.notes.push('Every acknowledged write is in the stock, and nothing else.')
  return figures
}

const minute = 60_000

export const stock: Benchmark = {
  name: 'stock',
  title: 'Reads and writes of stock at once',
  about: `Two hundred products, 64 connections that read one after another and 64 that adjust one by a piece; a write is acknowledged when
it is committed and flushed. The goals are 10,000 reads and 2,000 writes a second on a machine where the generator, PostgreSQL, Redis and
Kafka do not share the cores with the server. At the end the stock of every product must be what was acknowledged.`,
  charts: [{ title: 'Requests a second', names: ['requests'] }],
  boundMs: { full: 5 * minute, short: 5 * minute },
  async run(scale, say) {
    let figures = new Figures()
    await withInventory(say, async (inventory) => {
      figures = await measureStock(inventory, scale, say)
    })
    return figures.measured()
  }
}

export const hotProduct: Benchmark = {
  name: 'hot-product',
  title: 'Sales of one hot product',
  about: `Reservations as inventory's consumer makes them, by the same code on the same database: a batch of up to 500 sales as one transaction
that changes the product's stock once; one transaction for each sale, in order, as a partition is consumed; and the same from ten
connections at once, which is generous to it. At the end every sale must be reserved and nothing more.`,
  charts: [{ title: 'Sales reserved a second', names: ['sales'] }],
  boundMs: { full: 4 * minute, short: 5 * minute },
  async run(scale, say) {
    const figures = new Figures()
    await withInventory(say, ({ platform }) =>
      measureHotProduct(`${platform.urls.postgres}/inventory`, scale, figures, say)
    )
    return figures.measured()
  }
}
