import { mkdirSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { listStock, setStock } from '@gavel/contracts/api/inventory.ts'
import { createGateway, type Gateway } from '@gavel/standalone/client/gateway.ts'
import { readDirectories } from '@gavel/standalone/config.ts'
import { describeFailure } from '@gavel/standalone/failure.ts'
import { startPlatform, type Platform } from '@gavel/standalone/platform.ts'
import { platformHome, removeHome } from '../support/platform.ts'
import { median } from './figures.ts'
import { measureHotProduct } from './hot-product.ts'
import { processorOf } from './machine.ts'
import { tickMs, ticksOf, waitUntilQuiet } from './quiet.ts'
import { applyStockLoad, type StockMeasured } from './stock-load.ts'
import { startTokenIssuer } from './tokens.ts'

const usage = `Usage: npm run bench:stock -- [--json FILE] [--rounds N] [--seconds N] [--readers 64] [--writers 64] [--products 200] [--quick]

Stock under load: reads alone, writes alone, both at once, against the goals of 10,000 reads and 2,000 writes a second; then a hot product's
sales in batches against one transaction for each. At the end the stock of every product is held against the acknowledged writes.`

type Plan = {
  rounds: number
  measureMs: number
  warmUpMs: number
  readers: number
  writers: number
  products: number
  hotSales: number
}

function parse(): { plan: Plan; json: string | undefined } | 'help' {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const { values } = parseArgs({
    options: {
      json: text,
      rounds: text,
      seconds: text,
      readers: text,
      writers: text,
      products: text,
      quick: flag,
      help: flag
    }
  })
  if (values.help) return 'help'
  const quick = values.quick ?? false
  const number = (given: string | undefined, otherwise: number): number => {
    const value = Number(given ?? otherwise)
    if (!(value > 0)) throw new TypeError(`${given} is not a number above zero`)
    return value
  }
  return {
    json: values.json,
    plan: {
      rounds: Math.ceil(number(values.rounds, quick ? 1 : 3)),
      measureMs: number(values.seconds, quick ? 1 : 5) * 1000,
      warmUpMs: quick ? 500 : 2_000,
      readers: Math.ceil(number(values.readers, quick ? 16 : 64)),
      writers: Math.ceil(number(values.writers, quick ? 16 : 64)),
      products: Math.ceil(number(values.products, quick ? 20 : 200)),
      hotSales: quick ? 2_000 : 20_000
    }
  }
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0)

const cases = ['reads', 'writes', 'both'] as const
type Sample = { round: number; case: (typeof cases)[number]; serverCores: number } & StockMeasured

type Hall = { plan: Plan; platform: Platform; inventory: Gateway; token: string; directory: string }

async function measureCases(
  { plan, platform, token, directory }: Hall,
  products: string[],
  say: (line: string) => void
): Promise<Sample[]> {
  const samples: Sample[] = []
  const pid = platform.service('inventory').pid()!
  for (let round = 0; round < plan.rounds; round += 1) {
    for (let turn = 0; turn < cases.length; turn += 1) {
      const name = cases[(turn + round) % cases.length]!
      const { warmUpMs, measureMs } = plan
      const ticks = ticksOf(pid) ?? Number.NaN
      const beganAt = performance.now()
      const measured = await applyStockLoad(directory, {
        host: '127.0.0.1',
        port: platform.ports['inventory']!,
        token,
        products,
        readers: name === 'writes' ? 0 : plan.readers,
        writers: name === 'reads' ? 0 : plan.writers,
        run: `${name}-${round}`,
        warmUpMs,
        measureMs
      })
      const seconds = (performance.now() - beganAt) / 1000
      const serverCores = (((ticksOf(pid) ?? Number.NaN) - ticks) * tickMs) / 1000 / seconds
      samples.push({ ...measured, round, case: name, serverCores })
      const { reads, writes } = measured
      say(
        `round ${round + 1}: ${name.padEnd(6)} ${Math.round(reads.perSecond)} reads/s, ${Math.round(writes.perSecond)} writes/s, load ${loadavg()[0]!.toFixed(1)}`
      )
      await waitUntilQuiet(pid)
    }
  }
  return samples
}

/** What was acknowledged must be there, and nothing else. */
async function checkStock(
  { inventory, token }: Hall,
  products: string[],
  samples: readonly Sample[]
): Promise<string[]> {
  const stock = new Map<string, number>()
  for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
    const page = await inventory.call(listStock, { query: { limit: 200, ...(cursor && { cursor }) } }, { token })
    for (const { productId, available } of page.items) stock.set(productId, available)
    cursor = page.nextCursor
  }
  return products.flatMap((productId, index) => {
    const written = samples.reduce((sum, { acknowledged }) => sum + acknowledged[index]!, 0)
    const there = stock.get(productId)
    return there === written ? [] : [`${productId}: ${written} writes acknowledged, ${there} pieces there`]
  })
}

function tell(samples: readonly Sample[], say: (line: string) => void): void {
  for (const name of cases) {
    const same = samples.filter((sample) => sample.case === name)
    const of = (figure: (sample: Sample) => number): number => median(same.map(figure))
    const told = (kind: 'reads' | 'writes', goal: number): string => {
      const speeds = same.map((sample) => Math.round(sample[kind].perSecond))
      const latency = `p50 ${of((sample) => sample[kind].p50Ms).toFixed(1)} ms, p99 ${of((sample) => sample[kind].p99Ms).toFixed(1)} ms`
      return `${Math.round(median(speeds))} ${kind}/s (${Math.min(...speeds)}-${Math.max(...speeds)}, goal ${goal}; ${latency})`
    }
    const parts = [
      ...(name === 'writes' ? [] : [told('reads', 10_000)]),
      ...(name === 'reads' ? [] : [told('writes', 2_000)])
    ]
    const cores = `server ${of((sample) => sample.serverCores).toFixed(2)} cores, generator ${of((sample) => sample.generatorCores).toFixed(2)}`
    say(`${name.padEnd(6)} ${parts.join('; ')}; ${cores}`)
  }
}

async function run(plan: Plan, json: string | undefined): Promise<void> {
  const say = (line: string): void => console.log(line)
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
    const { processor, cores } = processorOf()
    const before = loadavg()
    say(`\n${processor}, ${cores} cores, load average ${before.map((value) => value.toFixed(1)).join(' ')} before.`)
    say('Client, server, database, Redis and broker share these cores.\n')
    const inventory = createGateway(`http://127.0.0.1:${platform.ports['inventory']}`, 4)
    const hall: Hall = { plan, platform, inventory, token: await issuing.tokenFor('admin', 'admin'), directory }
    const products = Array.from({ length: plan.products }, (_, number) => `load-${number}`)
    for (const productId of products)
      await inventory.call(setStock, { params: { productId }, body: { available: 0 } }, { token: hall.token })
    const samples = await measureCases(hall, products, say)
    const faults = await checkStock(hall, products, samples)
    for (const sample of samples)
      for (const [problem, count] of Object.entries(sample.problems)) faults.push(`${count} times ${problem}`)
    await inventory.close()
    const hot = await measureHotProduct(
      `${platform.urls.postgres}/inventory`,
      { rounds: plan.rounds, sales: plan.hotSales },
      say
    )
    say('')
    tell(samples, say)
    const toSingle = median(hot.map(({ batched, single }) => batched / single))
    const toSingleAtOnce = median(hot.map(({ batched, singleAtOnce }) => batched / singleAtOnce))
    say(
      `hot product: batches of 500 serve ${toSingle.toFixed(1)} times what one transaction a sale does, ${toSingleAtOnce.toFixed(1)} times ten of them at once`
    )
    const after = loadavg()
    say(`load average ${after.map((value) => value.toFixed(1)).join(' ')} after`)
    say(faults.length === 0 ? 'Every acknowledged write is in the stock, and nothing else.' : '')
    for (const fault of faults) say(`FAULT: ${fault}`)
    if (json) {
      const told = samples.map((sample) => ({ ...sample, acknowledged: sumOf(sample.acknowledged) }))
      const machine = { processor, cores, loadBefore: before, loadAfter: after }
      writeFileSync(json, `${JSON.stringify({ machine, samples: told, hot, toSingle, toSingleAtOnce }, null, 2)}\n`)
    }
    if (faults.length > 0) process.exitCode = 1
  } finally {
    await platform?.stop()
    await issuing.close()
    await removeHome(directory)
  }
}

try {
  const command = parse()
  if (command === 'help') console.log(usage)
  else await run(command.plan, command.json)
} catch (error) {
  console.error(error instanceof TypeError ? `${error.message}\n\n${usage}` : describeFailure(error))
  process.exitCode = 1
}
