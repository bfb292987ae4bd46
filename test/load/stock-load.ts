import { join } from 'node:path'
import { runGenerator } from './program.ts'

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

export const applyStockLoad = (directory: string, load: StockLoad): Promise<StockMeasured> =>
  runGenerator<StockMeasured>(
    'stock-generator.ts',
    join(directory, `${load.run}.load.json`),
    load,
    load.warmUpMs + load.measureMs + 90_000
  )
