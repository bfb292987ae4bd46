import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { services } from '@gavel/contracts/services.ts'
import { openAdmin } from '@gavel/standalone/client/admin.ts'
import { createGateway } from '@gavel/standalone/client/gateway.ts'
import { startChild, type Child } from '@gavel/standalone/child.ts'
import { readDirectories, repository } from '@gavel/standalone/config.ts'
import { freePorts, portTable } from '@gavel/standalone/port-table.ts'
import { waitUntilReady } from '@gavel/standalone/ports.ts'
import { platformHome, removeHome } from '../support/platform.ts'
import { Figures, type Benchmark, type Scale } from './benchmark.ts'
import { openLoadAuction } from './check.ts'
import { applyLoad } from './load.ts'
import { memoryBelow } from './memory.ts'
import { openBuyers, openSale, sellAtRate } from './sales.ts'

const admin = { email: 'admin@load.example', password: 'only for a measurement' }

type Started = { child: Child; url: string; port: number; tookMs: number }

/** `npm start`, without npm, with its data below `home`: until it says that the platform is ready and the first items are up. */
async function start(home: string, attempt: number): Promise<Started> {
  const ports = await freePorts()
  const variables = Object.entries(portTable({})).map(([name, { variable }]) => [variable, String(ports[name])])
  const beganAt = performance.now()
  const child = startChild({
    name: 'npm start',
    command: process.execPath,
    args: [join(repository, 'scripts', 'run.mjs'), 'start'],
    directory: repository,
    logFile: join(home, `start-${attempt}.log`),
    env: {
      ...process.env,
      ...Object.fromEntries(variables),
      GAVEL_DIRECTORY: home,
      GAVEL_CACHE: readDirectories().cache,
      GAVEL_RATE_LIMITS: 'off',
      GAVEL_ADMIN_EMAIL: admin.email,
      GAVEL_ADMIN_PASSWORD: admin.password
    }
  })
  await waitUntilReady(child, async () => readFileSync(child.logFile, 'utf8').includes('Gavel is ready at'), 120_000)
  const tookMs = performance.now() - beganAt
  return { child, url: `http://127.0.0.1:${ports.gateway}`, port: ports['gateway']!, tookMs }
}

/** Something of everything: sales to their orders, and a hot auction. */
async function work({ url, port }: Started, home: string, scale: Scale): Promise<void> {
  const gateway = createGateway(url, 64)
  const token = await (await openAdmin(gateway, admin)).token()
  const buyers = await openBuyers(gateway, 4)
  try {
    const auctionId = await openSale(gateway, token)
    await sellAtRate(gateway, buyers, { auctionId, ratePerSecond: 10, seconds: scale.short ? 1 : 10 })
    await openLoadAuction(gateway, token, `hot-${auctionId}`)
    await applyLoad({
      host: '127.0.0.1',
      port,
      auctionId: `hot-${auctionId}`,
      tokens: buyers.map((buyer) => buyer.token),
      protocol: 'http',
      connections: 64,
      warmUpMs: scale.warmUpMs,
      measureMs: scale.short ? 500 : 10_000,
      acknowledgedFile: join(home, 'memory.acknowledged')
    })
  } finally {
    for (const { live } of buyers) live.close()
    await gateway.close()
  }
}

const ready = 'until ready'

async function measureStart(
  figures: Figures,
  scale: Scale,
  say: (line: string) => void,
  whenReady: (started: Started, home: string) => Promise<void>
): Promise<void> {
  for (let round = 0; round < scale.rounds; round += 1) {
    const home = platformHome()
    mkdirSync(join(home, 'logs'), { recursive: true })
    try {
      for (const [attempt, title] of ['with no data', 'with data of before'].entries()) {
        const started = await start(home, attempt)
        try {
          figures.add(title, '', { [`${ready} s`]: started.tookMs / 1000 })
          say(`round ${round + 1}: ready ${title} after ${(started.tookMs / 1000).toFixed(1)} s`)
          if (round === 0 && attempt === 1) await whenReady(started, home)
        } finally {
          await started.child.stop(40_000)
        }
      }
    } finally {
      await removeHome(home)
    }
  }
}

const minute = 60_000
/** Long enough for what is done at every start to be done, and for garbage of it to be collected or not. */
const restMs = 10_000

export const startUp: Benchmark = {
  name: 'start',
  title: 'Start of the platform, and memory of each part',
  about: `\`npm start\` on this machine, with everything fetched and built before: until it says that the platform is ready, with the first
items up; once with no data, so that databases, topics and accounts are made, and once with what that left. Then the resident memory of each
process, ${restMs / 1000} s after the start and ${restMs / 1000} s after sales at a fixed rate and a hot auction with 64 connections; PostgreSQL's is the sum of its
processes' shares. A Node.js process keeps what it took until it needs the space, so that the second figure is what it grew to.`,
  charts: [
    { title: 'Seconds until ready', names: [ready] },
    { title: 'Resident memory, MiB', names: ['at rest', 'after load'] }
  ],
  boundMs: { full: 6 * minute, short: 5 * minute },
  async run(scale, say) {
    const figures = new Figures()
    await measureStart(figures, { ...scale, rounds: Math.min(scale.rounds, 2) }, say, async (started, home) => {
      await delay(scale.short ? 1_000 : restMs)
      const atRest = memoryBelow(started.child.pid)
      await work(started, home, scale)
      await delay(scale.short ? 1_000 : restMs)
      const afterLoad = memoryBelow(started.child.pid)
      const own = services.map(({ name }) => name as string)
      const order = [...own, ...[...atRest.keys()].filter((name) => !own.includes(name)).toSorted()]
      for (const name of order)
        figures.add(name, '', { 'at rest MiB': atRest.get(name)!, 'after load MiB': afterLoad.get(name)! })
      const sumOf = (memory: Map<string, number>, names: readonly string[]): number =>
        names.reduce((sum, name) => sum + memory.get(name)!, 0)
      const sums = { 'all services': own, everything: order }
      for (const [title, names] of Object.entries(sums))
        figures.add(title, '', {
          'sum at rest MiB': sumOf(atRest, names),
          'sum after load MiB': sumOf(afterLoad, names)
        })
    })
    const place = { under: '', name: ready }
    figures.compare(
      'start with no data to with data of before',
      { of: 'with no data', ...place },
      { of: 'with data of before', ...place }
    )
    const all = { of: 'all services', under: '' }
    figures.compare(
      'memory of all services after load to at rest',
      { ...all, name: 'sum after load' },
      { ...all, name: 'sum at rest' }
    )
    return figures.measured()
  }
}
