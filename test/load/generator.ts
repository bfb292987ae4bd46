import { readFileSync, writeFileSync } from 'node:fs'
import { Connection } from './connection.ts'
import type { Load, Measured } from './load.ts'

/**
 * One measurement: so many connections, each placing its next bid when the last is answered. A process of its own, so that
 * its work is on another core than the server's, and its own load can be told.
 */
const load = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Load
const { host, port, auctionId, tokens, connections, warmUpMs, measureMs, acknowledgedFile } = load

/** Fixed widths, so that every request of a connection has the same length and only its digits change. */
const firstAmountMinor = 1_000_000
const bidId = (connection: number, count: number): string =>
  `b-${String(connection).padStart(4, '0')}-${String(count).padStart(6, '0')}`

const prefixFor = (token: string): string => {
  const length = `{"bidId":"${bidId(0, 0)}","amountMinor":${firstAmountMinor}}`.length
  const head = [
    `POST /api/auctions/${auctionId}/bids HTTP/1.1`,
    `host: ${host}:${port}`,
    `authorization: Bearer ${token}`
  ]
  return [...head, 'content-type: application/json', `content-length: ${length}`, '', ''].join('\r\n')
}

/** Five numbers for each answer: connection, count, status, sequence of the ledger entry (-1 without), position in it. */
let acknowledged = new Int32Array(5 * 65_536)
let answers = 0
let amountMinor = firstAmountMinor
let sent = 0

const latenciesMs: number[] = []
const counts = { requests: 0, accepted: 0, refused: 0 }
const problems = new Map<string, number>()
let measuring = false
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

const numberAfter = (text: string, name: string): number => {
  const at = text.lastIndexOf(name)
  return at === -1 ? -1 : Number.parseInt(text.slice(at + name.length, at + name.length + 10), 10)
}

function note(connection: number, count: number, status: number, text: string, latencyMs: number): void {
  if (measuring) {
    counts.requests += 1
    latenciesMs.push(latencyMs)
  }
  if (status === 201) {
    if (measuring) counts.accepted += 1
  } else if (status === 409) {
    if (measuring) counts.refused += 1
  } else {
    const problem = `${status} ${text.slice(text.indexOf('\r\n\r\n') + 4, text.indexOf('\r\n\r\n') + 200)}`
    problems.set(problem, (problems.get(problem) ?? 0) + 1)
    return
  }
  if ((answers + 1) * 5 > acknowledged.length) {
    const larger = new Int32Array(acknowledged.length * 2)
    larger.set(acknowledged)
    acknowledged = larger
  }
  acknowledged.set(
    [connection, count, status, numberAfter(text, '"sequence":'), numberAfter(text, '"index":')],
    answers * 5
  )
  answers += 1
}

function run(connection: Connection, number: number): void {
  const prefix = prefixFor(tokens[number % tokens.length]!)
  let count = 0
  const next = (): void => {
    count += 1
    const startedAt = performance.now()
    underWay += 1
    connection.send(
      `${prefix}{"bidId":"${bidId(number, count)}","amountMinor":${nextAmountMinor()}}`,
      (status, text) => {
        underWay -= 1
        note(number, count, status, text, performance.now() - startedAt)
        if (!stopping) next()
        else if (underWay === 0) drained()
      }
    )
  }
  next()
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function openAll(): Promise<Connection[]> {
  const open: Connection[] = []
  const failed = (error: Error): void => {
    if (stopping && underWay === 0) return
    console.error(`A connection failed: ${error.message}`)
    process.exit(1)
  }
  while (open.length < connections) {
    const some = Math.min(50, connections - open.length)
    open.push(...(await Promise.all(Array.from({ length: some }, () => Connection.open(host, port, failed)))))
  }
  return open
}

const open = await openAll()
open.forEach((connection, number) => run(connection, number))
await wait(warmUpMs)
const cpuBefore = process.cpuUsage()
const beganAt = performance.now()
measuring = true
await wait(measureMs)
measuring = false
const seconds = (performance.now() - beganAt) / 1000
const cpu = process.cpuUsage(cpuBefore)
stopping = true
const idle = new Promise<void>((resolve) => (drained = resolve))
const bound = setTimeout(() => {
  console.error(`${underWay} requests were not answered within 30 s`)
  process.exit(1)
}, 30_000)
if (underWay > 0) await idle
clearTimeout(bound)
for (const connection of open) connection.close()

latenciesMs.sort((a, b) => a - b)
const at = (share: number): number =>
  latenciesMs[Math.min(latenciesMs.length - 1, Math.floor(latenciesMs.length * share))] ?? 0
const measured: Measured = {
  requestsPerSecond: counts.requests / seconds,
  acceptedPerSecond: counts.accepted / seconds,
  refusedPerSecond: counts.refused / seconds,
  p50Ms: at(0.5),
  p99Ms: at(0.99),
  generatorCores: (cpu.user + cpu.system) / 1e6 / seconds,
  acknowledged: answers,
  problems: Object.fromEntries(problems)
}
writeFileSync(acknowledgedFile, Buffer.from(acknowledged.buffer, 0, answers * 5 * 4))
console.log(JSON.stringify(measured))
