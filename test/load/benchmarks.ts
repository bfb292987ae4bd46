import type { Benchmark } from './benchmark.ts'
import { bids, websocket } from './bids.ts'
import { operator } from './operator.ts'
import { hotProduct, stock } from './stock.ts'

/** Every benchmark, in the order in which they run and stand in the document. A new one is added here and nowhere else. */
export const benchmarks: readonly Benchmark[] = [bids, websocket, stock, hotProduct, operator]
