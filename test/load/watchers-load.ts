import { join } from 'node:path'
import { runGenerator } from './program.ts'

export type WatchersLoad = {
  host: string
  /** Where `/ws/live` is watched, and where bids are placed. */
  watchPort: number
  bidPort: number
  auctionId: string
  /** Of the bidders, who bid in turn. */
  tokens: string[]
  watchers: number
  bids: number
  betweenMs: number
  /** Processes whose memory is read before anybody watches and while all do. */
  pids: Record<string, number>
}

export type WatchersMeasured = {
  /** For each bid, each watcher's time from the bid's answer until he has a state that holds it. */
  secondsToOpen: number
  perBid: { firstMs: number; p50Ms: number; p99Ms: number; lastMs: number }[]
  p50Ms: number
  p99Ms: number
  /** Frames that were events, and those that were whole snapshots because events came faster than the crowd can be served. */
  events: number
  snapshots: number
  memory: Record<string, { beforeMebibytes: number; watchedMebibytes: number }>
}

export const applyWatchers = (directory: string, name: string, load: WatchersLoad): Promise<WatchersMeasured> =>
  runGenerator<WatchersMeasured>(
    'watchers-generator.ts',
    join(directory, `${name}.watchers.json`),
    load,
    60_000 + load.watchers * 10 + load.bids * (load.betweenMs + 2_000)
  )
