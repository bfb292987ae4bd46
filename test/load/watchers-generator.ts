import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { percentile } from './benchmark.ts'
import { Connection } from './connection.ts'
import { residentMebibytes } from './memory.ts'
import { LoadSocket } from './socket.ts'
import type { WatchersLoad, WatchersMeasured } from './watchers-load.ts'

/** Watchers of one auction in a process of its own, and one who bids and sees when each of them knows. */
const load = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as WatchersLoad
const { host, watchPort, bidPort, auctionId, tokens, watchers, bids, betweenMs, pids } = load

const boundMs = 30_000
let isOver = false
const failed = (error: Error): void => {
  if (isOver) return
  console.error(`A connection failed: ${error.message}`)
  process.exit(1)
}

/** The newest sequence that each watcher has been shown. */
const shown = new Int32Array(watchers).fill(-1)
const counts = { events: 0, snapshots: 0 }
let awaited = Number.POSITIVE_INFINITY
let missing = 0
/** When each watcher's state held the awaited bid. */
let arrivedAt: number[] = []
let complete = (): void => undefined

const subscription = `{"type":"subscribe","stream":"auction:${auctionId}"}`

function take(watcher: number, text: string, socket: LoadSocket): void {
  // The stream's name and sequence stand first, so the rest, some hundred bytes, is not looked at.
  const at = text.indexOf('"sequence":')
  const isEvent = text.startsWith('{"type":"event"')
  if (at === -1 || (!isEvent && !text.startsWith('{"type":"snapshot"'))) {
    // The live service hears of a new auction by an event, so a moment after its opening it may not know it yet.
    if (text.includes('"STREAM_UNKNOWN"')) socket.send(subscription)
    else if (text.startsWith('{"type":"problem"')) failed(new Error(text))
    return
  }
  counts[isEvent ? 'events' : 'snapshots'] += 1
  const sequence = Number.parseInt(text.slice(at + 11, at + 21), 10)
  const before = shown[watcher]!
  shown[watcher] = sequence
  if (before < awaited && sequence >= awaited) {
    arrivedAt.push(performance.now())
    missing -= 1
    if (missing === 0) complete()
  }
}

async function bounded(what: string, done: Promise<void>): Promise<void> {
  const bound = setTimeout(
    () => failed(new Error(`${missing} of ${watchers} watchers were not ${what} in time`)),
    boundMs
  )
  await done
  clearTimeout(bound)
}

/** Everybody subscribes when connected, and is there when he has the first snapshot. */
async function openWatchers(): Promise<LoadSocket[]> {
  const open: LoadSocket[] = []
  awaited = 0
  missing = watchers
  const all = new Promise<void>((resolve) => (complete = resolve))
  while (open.length < watchers) {
    const some = Math.min(50, watchers - open.length)
    const opened = Array.from({ length: some }, async (_, index) => {
      const watcher = open.length + index
      const onText = (text: string, from: LoadSocket): void => take(watcher, text, from)
      const socket = await LoadSocket.open({ host, port: watchPort, path: '/ws/live', onText, onFailure: failed })
      socket.send(subscription)
      return socket
    })
    open.push(...(await Promise.all(opened)))
  }
  if (missing > 0) await bounded('shown the auction', all)
  return open
}

function placeBid(connection: Connection, number: number): Promise<void> {
  const body = JSON.stringify({ bidId: `watched-${number}`, amountMinor: 1_000_000 + number })
  const head = [
    `POST /api/auctions/${auctionId}/bids HTTP/1.1`,
    `host: ${host}:${bidPort}`,
    `authorization: Bearer ${tokens[number % tokens.length]}`,
    'content-type: application/json',
    `content-length: ${body.length}`
  ]
  return new Promise((resolve, reject) => {
    connection.send(`${head.join('\r\n')}\r\n\r\n${body}`, (status, text) => {
      if (status === 201) resolve()
      else reject(new Error(`A bid was answered ${status} ${text}`))
    })
  })
}

const memoryOf = (): Record<string, number> =>
  Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, residentMebibytes(pid)]))

const before = memoryOf()
const beganAt = performance.now()
const open = await openWatchers()
const secondsToOpen = (performance.now() - beganAt) / 1000
const watched = memoryOf()
counts.events = 0
counts.snapshots = 0

const bidder = await Connection.open(host, bidPort, failed)
const perBid: WatchersMeasured['perBid'] = []
const everyMs: number[] = []
for (let number = 0; number < bids; number += 1) {
  await delay(betweenMs)
  // Some may know of the bid before its answer is here: whoever learns anything newer from now on has it.
  arrivedAt = []
  missing = watchers
  awaited = Math.max(...shown) + 1
  const all = new Promise<void>((resolve) => (complete = resolve))
  await placeBid(bidder, number)
  const answeredAt = performance.now()
  if (missing > 0) await bounded(`shown bid ${number}`, all)
  const sorted = arrivedAt.map((at) => Math.max(0, at - answeredAt)).toSorted((one, other) => one - other)
  for (const ms of sorted) everyMs.push(ms)
  perBid.push({
    firstMs: sorted[0]!,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    lastMs: sorted.at(-1)!
  })
}
isOver = true
for (const socket of open) socket.close()
bidder.close()

const sorted = Float64Array.from(everyMs).toSorted()
const measured: WatchersMeasured = {
  secondsToOpen,
  perBid,
  p50Ms: percentile(sorted, 0.5),
  p99Ms: percentile(sorted, 0.99),
  ...counts,
  memory: Object.fromEntries(
    Object.keys(pids).map((name) => [name, { beforeMebibytes: before[name]!, watchedMebibytes: watched[name]! }])
  )
}
console.log(JSON.stringify(measured))
