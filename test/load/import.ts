import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { addProduct, readImport, searchProducts, type Import } from '@gavel/contracts/api/catalog.ts'
import { setStock } from '@gavel/contracts/api/inventory.ts'
import { createGateway, type Gateway } from '@gavel/standalone/client/gateway.ts'
import { readDirectories } from '@gavel/standalone/config.ts'
import { startPlatform, type Platform } from '@gavel/standalone/platform.ts'
import pg from 'pg'
import { platformHome, removeHome } from '../support/platform.ts'
import { Figures, percentilesOf, type Benchmark, type Scale } from './benchmark.ts'
import { startTokenIssuer } from './tokens.ts'

type House = { platform: Platform; catalog: Gateway; inventory: Gateway; token: string }

/** catalog and inventory with the stores they stand on, and an admin's token. */
async function withHouse(say: (line: string) => void, measure: (house: House) => Promise<void>): Promise<void> {
  const directory = platformHome()
  mkdirSync(join(directory, 'logs'), { recursive: true })
  const issuing = await startTokenIssuer()
  let platform: Platform | undefined
  try {
    const env = { JWKS_URL: issuing.jwksUrl, LOG_LEVEL: 'warn' }
    platform = await startPlatform({
      directories: { cache: readDirectories().cache, data: join(directory, 'data'), logs: join(directory, 'logs') },
      ports: 'free',
      services: ['catalog', 'inventory'],
      serviceEnv: { catalog: env, inventory: env },
      rateLimits: 'off',
      progress: (line) => say(`  ${line}`)
    })
    const [catalog, inventory] = ['catalog', 'inventory'].map((name) =>
      createGateway(`http://127.0.0.1:${platform?.ports[name]}`, 32)
    ) as [Gateway, Gateway]
    await measure({ platform, catalog, inventory, token: await issuing.tokenFor('admin', 'admin') })
    await catalog.close()
    await inventory.close()
  } finally {
    await platform?.stop()
    await issuing.close()
    await removeHome(directory)
  }
}

const secondsOf = async (work: () => Promise<void>): Promise<number> => {
  const beganAt = performance.now()
  await work()
  return (performance.now() - beganAt) / 1000
}

/** A row by itself, as a page or a script would: the item, then its stock. */
async function sendRow({ catalog, inventory, token }: House, productId: string): Promise<void> {
  await catalog.call(
    addProduct,
    { body: { productId, title: `Lamp ${productId}`, brand: 'B' } },
    { token, repeatable: true }
  )
  await inventory.call(setStock, { params: { productId }, body: { available: 5 } }, { token })
}

async function sendRows(house: House, rows: number, atOnce: number): Promise<void> {
  const prefix = randomUUID()
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < rows) await sendRow(house, `${prefix}-${next++}`)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

async function importRows({ catalog, platform, token }: House, rows: number): Promise<Import> {
  const importId = randomUUID()
  const lines = Array.from({ length: rows }, (_, row) => `${importId}-${row},Lamp ${row},B,5`)
  const response = await fetch(`http://127.0.0.1:${platform.ports['catalog']}/api/imports/${importId}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'text/csv' },
    body: `id,title,brand,pieces\n${lines.join('\n')}\n`
  })
  if (response.status !== 202) throw new Error(`The import was answered ${response.status}: ${await response.text()}`)
  for (;;) {
    const found = await catalog.call(readImport, { params: { importId } }, { token })
    if (found.state === 'done') return found
    await delay(50)
  }
}

const ways = ['a file', 'a request after another', 'sixteen requests at once'] as const

async function measureImport(house: House, scale: Scale, say: (line: string) => void): Promise<Figures> {
  const figures = new Figures()
  const [inFile, byHand] = scale.short ? [500, 100] : [10_000, 1_000]
  // The first rows pay for what is made on first use.
  await importRows(house, 100)
  await sendRows(house, 20, 4)
  for (let round = 0; round < scale.rounds; round += 1) {
    for (let turn = 0; turn < ways.length; turn += 1) {
      const way = ways[(turn + round) % ways.length]!
      const rows = way === 'a file' ? inFile : byHand
      const seconds = await secondsOf(async () => {
        if (way !== 'a file') return await sendRows(house, rows, way === 'a request after another' ? 1 : 16)
        const { done, refused } = await importRows(house, rows)
        if (done !== rows) figures.faults.push(`${done} of ${rows} rows were done, ${refused} refused`)
      })
      figures.add(way, '', { 'rows/s': rows / seconds })
      say(`round ${round + 1}: ${way}: ${Math.round(rows / seconds)} rows/s`)
    }
  }
  const rows = (of: string) => ({ of, under: '', name: 'rows' })
  for (const way of ways.slice(1)) figures.compare(`a file, to ${way}`, rows('a file'), rows(way))
  figures.notes.push(
    `A file has ${inFile} rows and is timed from its upload to the end of its last row; the others have ${byHand} each.`
  )
  return figures
}

const PRODUCTS = { full: 200_000, short: 5_000 }

/** What products, stock and auctions would have told, put where search reads. */
async function fillSearch(url: string, items: number): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(
      `insert into read_1.listings (product_id, brand, category, title, description, listed_at_ms, available)
       select 'item-' || n, 'Brand ' || n % 400, 'Category ' || n % 40,
              (array['Steel', 'Golden', 'Leather', 'Vintage', 'Boxed'])[1 + n % 5] || ' ' ||
              (array['watch', 'camera', 'lamp', 'chair', 'guitar', 'console', 'bicycle'])[1 + n % 7] || ' ' || n,
              'In good order, number ' || n, n, n % 50
         from generate_series(1, $1) as n`,
      [items]
    )
    await client.query(
      `insert into read_1.words select distinct lexeme from read_1.listings, unnest(search) on conflict do nothing`
    )
    await client.query('vacuum analyze')
  } finally {
    await client.end()
  }
}

const searches: Record<string, object> = {
  'newest first': {},
  'two words': { q: 'golden watch' },
  'a word and a brand': { q: 'camera', brand: 'Brand 7' },
  'in stock, one category': { inStock: true, category: 'Category 7' },
  'with facets': { category: 'Category 7', facets: true }
}

async function measureSearch({ catalog }: House, scale: Scale, say: (line: string) => void): Promise<Figures> {
  const figures = new Figures()
  const ask = async (query: object, forMs: number): Promise<{ perSecond: number; tookMs: number[] }> => {
    const tookMs: number[] = []
    const end = performance.now() + forMs
    const worker = async (): Promise<void> => {
      while (performance.now() < end) {
        const beganAt = performance.now()
        const { items } = await catalog.call(searchProducts, { query: { limit: 20, ...query } })
        tookMs.push(performance.now() - beganAt)
        if (items.length === 0) figures.faults.push(`Nothing was found for ${JSON.stringify(query)}`)
      }
    }
    const seconds = await secondsOf(async () => void (await Promise.all(Array.from({ length: 16 }, worker))))
    return { perSecond: tookMs.length / seconds, tookMs }
  }
  for (let round = 0; round < scale.rounds; round += 1) {
    for (const [under, query] of Object.entries(searches)) {
      await ask(query, scale.warmUpMs)
      const { perSecond, tookMs } = await ask(query, scale.measureMs)
      const { p50, p99 } = percentilesOf(tookMs)
      figures.add('search', under, { 'queries/s': perSecond, 'p50 ms': p50, 'p99 ms': p99 })
      say(`round ${round + 1}: ${under}: ${Math.round(perSecond)} queries/s, p50 ${p50.toFixed(1)} ms`)
    }
  }
  for (const under of Object.keys(searches).slice(1))
    figures.compare(
      `${under}, to newest first`,
      { of: 'search', under, name: 'queries' },
      { of: 'search', under: 'newest first', name: 'queries' }
    )
  return figures
}

const minute = 60_000

export const imports: Benchmark = {
  name: 'import',
  title: 'Items and stock from a file',
  about: `Rows that add an item and set its stock: as one file, through Kafka commands to the end of its last row; one request after
another, two for each row; and sixteen such rows at once. catalog, inventory, PostgreSQL, Redis, Kafka and the sender share the machine.`,
  charts: [{ title: 'Rows a second', names: ['rows'] }],
  boundMs: { full: 10 * minute, short: 5 * minute },
  async run(scale, say) {
    let figures = new Figures()
    await withHouse(say, async (house) => {
      figures = await measureImport(house, scale, say)
    })
    return figures.measured()
  }
}

export const search: Benchmark = {
  name: 'search',
  title: 'Search over two hundred thousand items',
  about: `Sixteen connections that ask one search after another, twenty items a page, at the service; a short run has five thousand items. The
items are put into what search reads as their events would have put them.`,
  charts: [
    { title: 'Queries a second', names: ['queries'] },
    { title: 'Milliseconds of an answer', names: ['p50', 'p99'], scale: 'logarithmic' }
  ],
  boundMs: { full: 10 * minute, short: 5 * minute },
  async run(scale, say) {
    let figures = new Figures()
    await withHouse(say, async (house) => {
      await fillSearch(`${house.platform.urls.postgres}/catalog`, PRODUCTS[scale.short ? 'short' : 'full'])
      figures = await measureSearch(house, scale, say)
    })
    return figures.measured()
  }
}
