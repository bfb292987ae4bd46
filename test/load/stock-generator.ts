import { readFileSync } from 'node:fs'
import { answersLeast, atLeast, percentile } from './benchmark.ts'
import { Connection } from './connection.ts'
import type { StockLoad, StockMeasured } from './stock-load.ts'

/**
 * Readers and writers of stock on bare sockets, each asking again when it is answered, in a process of its own. Writers add one piece each
 * time, so that at the end the stock itself says how many writes there were.
 */
const load = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as StockLoad
const { host, port, token, products, readers, writers, run, warmUpMs, measureMs } = load

type Kind = 'read' | 'write'
const latenciesMs: Record<Kind, number[]> = { read: [], write: [] }
const problems = new Map<string, number>()
const acknowledged = products.map(() => 0)
let measuring = false
let stopping = false
let underWay = 0
let drained = (): void => undefined

// Every asker walks the products from a place of its own, so that all are read and written alike.
const productAt = (asker: number, count: number): number => (asker * 7 + count) % products.length

const readOf = (product: number): string =>
  `GET /api/stock/${products[product]} HTTP/1.1\r\nhost: ${host}:${port}\r\n\r\n`
function writeOf(product: number, asker: number, count: number): string {
  const body = `{"adjustmentId":"${run}-${asker}-${count}","delta":1,"reason":"load"}`
  const head = [
    `POST /api/stock/${products[product]}/adjustments HTTP/1.1`,
    `host: ${host}:${port}`,
    `authorization: Bearer ${token}`,
    'content-type: application/json',
    `content-length: ${body.length}`
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

function note(kind: Kind, product: number, status: number, text: string, latencyMs: number): void {
  if (status !== 200) {
    const problem = `${kind} ${status} ${text.slice(text.indexOf('\r\n\r\n') + 4).slice(0, 200)}`
    problems.set(problem, (problems.get(problem) ?? 0) + 1)
    return
  }
  if (kind === 'write') acknowledged[product]! += 1
  if (measuring) latenciesMs[kind].push(latencyMs)
}

function ask(connection: Connection, kind: Kind, asker: number): void {
  let count = 0
  const next = (): void => {
    count += 1
    const product = productAt(asker, count)
    const startedAt = performance.now()
    underWay += 1
    connection.send(kind === 'read' ? readOf(product) : writeOf(product, asker, count), (status, text) => {
      underWay -= 1
      note(kind, product, status, text, performance.now() - startedAt)
      if (!stopping) next()
      else if (underWay === 0) drained()
    })
  }
  next()
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const failed = (error: Error): void => {
  if (stopping && underWay === 0) return
  console.error(`A connection failed: ${error.message}`)
  process.exit(1)
}
const open: Connection[] = []
for (let asker = 0; asker < readers + writers; asker += 1) open.push(await Connection.open(host, port, failed))
open.forEach((connection, asker) => ask(connection, asker < readers ? 'read' : 'write', asker))

await wait(warmUpMs)
const cpuBefore = process.cpuUsage()
const beganAt = performance.now()
measuring = true
await wait(measureMs)
for (const [kind, askers] of [
  ['read', readers],
  ['write', writers]
] as const)
  if (askers > 0) await atLeast(answersLeast, () => latenciesMs[kind].length)
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

const figuresOf = (kind: Kind): StockMeasured['reads'] => {
  const sorted = latenciesMs[kind].toSorted((one, other) => one - other)
  return { perSecond: sorted.length / seconds, p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99) }
}
const measured: StockMeasured = {
  reads: figuresOf('read'),
  writes: figuresOf('write'),
  generatorCores: (cpu.user + cpu.system) / 1e6 / seconds,
  acknowledged,
  problems: Object.fromEntries(problems)
}
console.log(JSON.stringify(measured))
