import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

export type StockLoad = {
  host: string
  port: number
  /** An admin's. */
  token: string
  products: string[]
  /** Connections that read, and that write. */
  readers: number
  writers: number
  /** Begins the ids of this run's adjustments. */
  run: string
  warmUpMs: number
  measureMs: number
}

type Figures = { perSecond: number; p50Ms: number; p99Ms: number }
export type StockMeasured = {
  reads: Figures
  writes: Figures
  /** Processor time of the generator by wall time: near 1 means that it, and not the server, was measured. */
  generatorCores: number
  /** Answered writes by product, those of the warm-up and the end included. */
  acknowledged: number[]
  problems: Record<string, number>
}

export async function applyStockLoad(directory: string, load: StockLoad): Promise<StockMeasured> {
  const order = join(directory, `${load.run}.load.json`)
  writeFileSync(order, JSON.stringify(load))
  const program = join(import.meta.dirname, 'stock-generator.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [program, order], {
    timeout: load.warmUpMs + load.measureMs + 90_000,
    maxBuffer: 4 * 1024 * 1024
  })
  return JSON.parse(stdout) as StockMeasured
}
