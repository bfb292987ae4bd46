import { readFileSync, writeFileSync } from 'node:fs'
import { answersLeast, atLeast, percentilesOf } from './benchmark.ts'
import { Connection } from './connection.ts'
import type { Load, Measured } from './load.ts'
import { LoadSocket } from './socket.ts'

/**
 * One measurement in a process of its own. Each connection has one bid under way; the next follows its answer, or comes when it is due
 * where the load has a rate.
 */
const load = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Load
const { host, port, auctionId, tokens, protocol, connections, ratePerSecond, warmUpMs, measureMs } = load

type Answered = (status: number, text: string) => void
type Line = { bid(bidId: string, amountMinor: number, answered: Answered): void; close(): void }

/** Fixed widths, so that every request of a connection has the same length and only its digits change. */
const firstAmountMinor = 1_000_000
const bidIdOf = (connection: number, count: number): string =>
  `b-${String(connection).padStart(4, '0')}-${String(count).padStart(6, '0')}`
const bidOf = (bidId: string, amountMinor: number): string => `{"bidId":"${bidId}","amountMinor":${amountMinor}}`

const failed = (error: Error): void => {
  if (stopping && underWay === 0) return
  console.error(`A connection failed: ${error.message}`)
  process.exit(1)
}

async function openHttp(token: string): Promise<Line> {
  const connection = await Connection.open(host, port, failed)
  const head = [
    `POST /api/auctions/${auctionId}/bids HTTP/1.1`,
    `host: ${host}:${port}`,
    `authorization: Bearer ${token}`,
    'content-type: application/json',
    `content-length: ${bidOf(bidIdOf(0, 0), firstAmountMinor).length}`
  ]
  const prefix = `${head.join('\r\n')}\r\n\r\n`
  return {
    bid: (bidId, amountMinor, answered) => connection.send(prefix + bidOf(bidId, amountMinor), answered),
    close: () => connection.close()
  }
}

async function openWebSocket(token: string): Promise<Line> {
  let answered: Answered = () => undefined
  const onText = (text: string): void => {
    if (text.startsWith('{"type":"receipt"')) answered(201, text)
    else answered(numberAfter(text, '"status":'), text)
  }
  const path = `/ws/auctions/${auctionId}`
  const socket = await LoadSocket.open({ host, port, path, token, onText, onFailure: failed })
  return {
    bid: (bidId, amountMinor, then) => {
      answered = then
      socket.send(`{"type":"bid","bid":${bidOf(bidId, amountMinor)}}`)
    },
    close: () => socket.close()
  }
}

/** Five numbers for each answer: connection, count, status, sequence of the ledger entry (-1 without), position in it. */
let acknowledged = new Int32Array(5 * 65_536)
let answers = 0
let amountMinor = firstAmountMinor
let sent = 0

const latenciesMs: number[] = []
const counts = { requests: 0, accepted: 0, refused: 0 }
const problems = new Map<string, number>()
/** What counts: answers that come while measuring; with a rate, bids that were due then, however late their answers are. */
const counted = { from: Number.POSITIVE_INFINITY, to: Number.POSITIVE_INFINITY }
let stopping = false
let underWay = 0
let drained = (): void => undefined

/** Amounts rise by one; every eighth bid is far too low, so that refusals are decided too. */
function nextAmountMinor(): number {
  sent += 1
  if (sent % 8 === 0) return firstAmountMinor
  amountMinor += 1
  return amountMinor
}

function numberAfter(text: string, name: string): number {
  const at = text.lastIndexOf(name)
  return at === -1 ? -1 : Number.parseInt(text.slice(at + name.length, at + name.length + 10), 10)
}

function note({ number, count }: Bidder, dueAt: number, status: number, text: string): void {
  const now = performance.now()
  const at = ratePerSecond === undefined ? now : dueAt
  const isCounted = at >= counted.from && at < counted.to
  if (isCounted) {
    counts.requests += 1
    latenciesMs.push(now - dueAt)
  }
  if (status === 201) {
    if (isCounted) counts.accepted += 1
  } else if (status === 409) {
    if (isCounted) counts.refused += 1
  } else {
    const problem = `${status} ${text.slice(text.indexOf('{')).slice(0, 200)}`
    problems.set(problem, (problems.get(problem) ?? 0) + 1)
    return
  }
  if ((answers + 1) * 5 > acknowledged.length) {
    const larger = new Int32Array(acknowledged.length * 2)
    larger.set(acknowledged)
    acknowledged = larger
  }
  acknowledged.set(
    [number, count, status, numberAfter(text, '"sequence":'), numberAfter(text, '"index":')],
    answers * 5
  )
  answers += 1
}

type Bidder = { number: number; line: Line; count: number }

function place(bidder: Bidder, dueAt: number, then: () => void): void {
  bidder.count += 1
  underWay += 1
  bidder.line.bid(bidIdOf(bidder.number, bidder.count), nextAmountMinor(), (status, text) => {
    underWay -= 1
    note(bidder, dueAt, status, text)
    then()
    if (stopping && underWay === 0) drained()
  })
}

function bidWhenAnswered(bidder: Bidder): void {
  if (!stopping) place(bidder, performance.now(), () => bidWhenAnswered(bidder))
}

/** Every millisecond, what has become due since: a late timer makes bids late, and their latency counts from when they were due. */
function bidWhenDue(bidders: Bidder[], rate: number): void {
  const free = [...bidders]
  const due: number[] = []
  let [taken, dueCount] = [0, 0]
  const startedAt = performance.now()
  const serve = (): void => {
    while (taken < due.length && free.length > 0) {
      const bidder = free.shift()!
      place(bidder, due[taken]!, () => {
        free.push(bidder)
        serve()
      })
      taken += 1
    }
  }
  const timer = setInterval(() => {
    if (stopping) return clearInterval(timer)
    const now = performance.now() - startedAt
    for (; (dueCount * 1000) / rate <= now; dueCount += 1) due.push(startedAt + (dueCount * 1000) / rate)
    serve()
  }, 1)
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function openAll(): Promise<Bidder[]> {
  const open: Bidder[] = []
  const openOne = async (number: number): Promise<Bidder> => {
    const token = tokens[number % tokens.length]!
    return { number, line: await (protocol === 'http' ? openHttp(token) : openWebSocket(token)), count: 0 }
  }
  while (open.length < connections) {
    const some = Math.min(50, connections - open.length)
    open.push(...(await Promise.all(Array.from({ length: some }, (_, index) => openOne(open.length + index)))))
  }
  return open
}

const open = await openAll()
if (ratePerSecond === undefined) open.forEach(bidWhenAnswered)
else bidWhenDue(open, ratePerSecond)
await wait(warmUpMs)
const cpuBefore = process.cpuUsage()
const beganAt = performance.now()
counted.from = beganAt
await wait(measureMs)
await atLeast(answersLeast, () => counts.requests)
counted.to = performance.now()
const seconds = (counted.to - beganAt) / 1000
const cpu = process.cpuUsage(cpuBefore)
stopping = true
const idle = new Promise<void>((resolve) => (drained = resolve))
const bound = setTimeout(() => {
  console.error(`${underWay} bids were not answered within 30 s`)
  process.exit(1)
}, 30_000)
if (underWay > 0) await idle
clearTimeout(bound)
for (const { line } of open) line.close()

const measured: Measured = {
  requestsPerSecond: counts.requests / seconds,
  acceptedPerSecond: counts.accepted / seconds,
  refusedPerSecond: counts.refused / seconds,
  latenciesMs: percentilesOf(latenciesMs),
  generatorCores: (cpu.user + cpu.system) / 1e6 / seconds,
  acknowledged: answers,
  problems: Object.fromEntries(problems)
}
writeFileSync(load.acknowledgedFile, Buffer.from(acknowledged.buffer, 0, answers * 5 * 4))
console.log(JSON.stringify(measured))
