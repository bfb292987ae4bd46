import type { Benchmark } from './benchmark.ts'
import { bids, websocket } from './bids.ts'
import { imports, search } from './import.ts'
import { latency } from './latency.ts'
import { operator } from './operator.ts'
import { order } from './order.ts'
import { pages } from './pages.ts'
import { startUp } from './start.ts'
import { hotProduct, stock } from './stock.ts'
import { watchers } from './watchers.ts'

/** Every benchmark, in the order in which they run and stand in the document. A new one is added here and nowhere else. */
export const benchmarks: readonly Benchmark[] = [
  bids,
  websocket,
  latency,
  order,
  watchers,
  stock,
  hotProduct,
  imports,
  search,
  startUp,
  pages,
  operator
]
