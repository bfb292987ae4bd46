import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createGateway } from '@gavel/standalone/client/gateway.ts'
import { readDirectories } from '@gavel/standalone/config.ts'
import { startPlatform, type Platform } from '@gavel/standalone/platform.ts'
import { platformHome, removeHome } from '../support/platform.ts'
import { Figures, type Benchmark } from './benchmark.ts'
import { paths } from './bids.ts'
import { openLoadAuction } from './check.ts'
import { isAllowed } from './program.ts'
import { startTokenIssuer } from './tokens.ts'
import { applyWatchers, type WatchersLoad, type WatchersMeasured } from './watchers-load.ts'

type Hall = {
  platform: Platform
  directory: string
  /** Opens an auction and says what whoever loads it must know of it. */
  openAuction(auctionId: string): Promise<Pick<WatchersLoad, 'auctionId' | 'tokens' | 'bidPort' | 'host' | 'pids'>>
}

/** Bidding and notification with what they stand on, and the gateway. Bids go straight to bidding, so that all wait is the watchers'. */
async function withHall(say: (line: string) => void, measure: (hall: Hall) => Promise<void>): Promise<void> {
  const directory = platformHome()
  mkdirSync(join(directory, 'logs'), { recursive: true })
  const issuing = await startTokenIssuer()
  let platform: Platform | undefined
  try {
    const own = { JWKS_URL: issuing.jwksUrl, LOG_LEVEL: 'warn' }
    platform = await startPlatform({
      directories: { cache: readDirectories().cache, data: join(directory, 'data'), logs: join(directory, 'logs') },
      ports: 'free',
      services: ['bidding', 'notification'],
      serviceEnv: { bidding: own, notification: own },
      rateLimits: 'off',
      progress: (line) => say(`  ${line}`)
    })
    const { ports, service } = platform
    const bidding = createGateway(`http://127.0.0.1:${ports['bidding']}`, 4)
    const admin = await issuing.tokenFor('admin', 'admin')
    const tokens = await Promise.all(['ada', 'ben'].map((name) => issuing.tokenFor(name, 'bidder')))
    await measure({
      platform,
      directory,
      openAuction: async (auctionId) => {
        await openLoadAuction(bidding, admin, auctionId)
        const pids = { notification: service('notification').pid()!, gateway: service('gateway').pid()! }
        return { auctionId, tokens, bidPort: ports['bidding']!, host: '127.0.0.1', pids }
      }
    })
    await bidding.close()
  } finally {
    await platform?.stop()
    await issuing.close()
    await removeHome(directory)
  }
}

const watchersTitle = (count: number): string => `${count.toLocaleString('en')} watchers`

function addMeasured(figures: Figures, count: number, pathTitle: string, measured: WatchersMeasured): void {
  const { memory, perBid, p50Ms, p99Ms, secondsToOpen } = measured
  const lasts = perBid.map(({ lastMs }) => lastMs)
  for (const { firstMs, lastMs } of perBid)
    figures.add(watchersTitle(count), pathTitle, { 'the first ms': firstMs, 'the last ms': lastMs })
  const perWatcher = (name: string): number => {
    const { beforeMebibytes, watchedMebibytes } = memory[name]!
    return ((watchedMebibytes - beforeMebibytes) * 1024) / count
  }
  figures.add(watchersTitle(count), pathTitle, {
    'p50 ms': p50Ms,
    'p99 ms': p99Ms,
    'the last at most ms': Math.max(...lasts),
    'all connected after s': secondsToOpen,
    'a watcher in notification KiB': perWatcher('notification'),
    ...(pathTitle === 'direct' ? {} : { 'a watcher in Envoy KiB': perWatcher('gateway') })
  })
}

const minute = 60_000

export const watchers: Benchmark = {
  name: 'watchers',
  title: 'From a bid to ten thousand watchers',
  about: `One auction, watched over \`/ws/live\` as the pages do, straight at the notification service and through Envoy: the time from the
bid's answer until a watcher has a state that holds the bid, through ledger, Kafka and fan-out. *p50* and *p99* are over all watchers and
bids; *the first* and *the last* are the first and last watcher of a bid, as the median over the bids. The watchers are one process on the
same cores, whose reading of ten thousand frames is in it. A frame is made once for all watchers. Memory is what the resident size grew by
while they connected, what the runtime has not given back included.`,
  charts: [{ title: 'Milliseconds from the answer to the watcher', names: ['p50', 'p99', 'the last'] }],
  boundMs: { full: 5 * minute, short: 5 * minute },
  async run(scale, say) {
    const figures = new Figures()
    const counts = scale.short ? [50, 200] : [1_000, 10_000]
    await withHall(say, async ({ platform, directory, openAuction }) => {
      const ports = { direct: platform.ports['notification']!, gateway: platform.ports['gateway']! }
      for (const count of counts)
        for (const { path, title } of paths) {
          if (!isAllowed(count, path, (sentence) => figures.notes.push(sentence))) continue
          const auctionId = `watched-${path}-${count}`
          const measured = await applyWatchers(directory, auctionId, {
            ...(await openAuction(auctionId)),
            watchPort: ports[path],
            watchers: count,
            bids: scale.short ? 3 : 20,
            betweenMs: scale.short ? 300 : 1_000
          })
          addMeasured(figures, count, title, measured)
          say(
            `${watchersTitle(count)}, ${title}: p50 ${measured.p50Ms.toFixed(0)} ms, p99 ${measured.p99Ms.toFixed(0)} ms; ${measured.events} events, ${measured.snapshots} snapshots`
          )
        }
    })
    const [few, many] = counts
    if (few !== undefined && many !== undefined)
      for (const { title } of paths) {
        const place = { under: title, name: 'the last' }
        figures.compare(
          `the last of ${watchersTitle(many)} to the last of ${watchersTitle(few)}, ${title}`,
          { of: watchersTitle(many), ...place },
          { of: watchersTitle(few), ...place }
        )
      }
    return figures.measured()
  }
}
