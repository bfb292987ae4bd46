import { Figures, type Benchmark, type Scale } from './benchmark.ts'
import { inBidHall, noteProblems, type BidHall, type Rush } from './bid-hall.ts'
import { paths } from './bids.ts'
import type { Contender } from './stage.ts'

const shares = [0.25, 0.5, 0.75]
const closedConnections = 64
/** Enough that a bid rarely waits for a connection, and its wait counts where it does. */
const openConnections = 256

const ways: readonly { contender: Contender; title: string }[] = [
  { contender: 'gavel', title: 'Gavel' },
  { contender: 'common', title: 'common way' }
]

const underOf = (share: number, path: string): string => `${share * 100} % of the most, ${path}`

/** First how much these connections get decided when each bids as soon as it is answered, then shares of that as rates. */
async function measureWay(
  hall: BidHall,
  scale: Scale,
  figures: Figures,
  { contender, path, title, pathTitle }: Pick<Rush, 'contender' | 'path'> & { title: string; pathTitle: string },
  say: (line: string) => void
): Promise<void> {
  const { warmUpMs, measureMs } = scale
  const common = { contender, path, protocol: 'http', warmUpMs, measureMs } as const
  const most = await hall.measure({ ...common, connections: closedConnections })
  for (const share of shares) {
    const ratePerSecond = Math.max(1, Math.round(most.requestsPerSecond * share))
    const sample = await hall.measure({ ...common, connections: openConnections, ratePerSecond })
    const under = underOf(share, pathTitle)
    const { p50, p90, p99, 'p99.9': p999 } = sample.latenciesMs
    figures.add(title, under, {
      'due/s': ratePerSecond,
      'p50 ms': p50,
      'p90 ms': p90,
      'p99 ms': p99,
      'p99.9 ms': p999
    })
    noteProblems(figures, `${title}, ${under}`, sample)
    say(`${title}, ${under} (${ratePerSecond}/s): p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`)
  }
}

const minute = 60_000

export const latency: Benchmark = {
  name: 'latency',
  title: 'Latency of a bid at fixed rates',
  about: `Bids on one hot auction are due at even distances, whatever the answers do (an open loop), at a quarter, a half and three quarters
of what ${closedConnections} connections get decided in the same round when each bids as soon as it is answered. A latency counts from when the bid was
due and not from when it could be sent, so that a server that stalls does not hide those that wait for it. Percentiles are exact, over every
bid of a round. The common way's rates are shares of its own, much smaller, most.`,
  charts: [{ title: 'Milliseconds from when a bid was due', names: ['p50', 'p99', 'p99.9'], scale: 'logarithmic' }],
  boundMs: { full: 7 * minute, short: 5 * minute },
  async run(scale, say) {
    const figures = new Figures()
    // Twelve measurements a round: two rounds are what the whole run has time for.
    const rounds = Math.min(scale.rounds, 2)
    await inBidHall(['gavel', 'common'], figures, say, async (hall) => {
      for (let round = 0; round < rounds; round += 1)
        for (const { path, title: pathTitle } of paths)
          for (const { contender, title } of ways) {
            if (contender === 'common' && path !== 'direct') continue
            await measureWay(hall, scale, figures, { contender, path, title, pathTitle }, say)
          }
    })
    const [direct, gateway] = paths
    for (const share of shares) {
      const place = { name: 'p99', under: underOf(share, direct!.title) }
      figures.compare(
        `p99 of the common way to Gavel's, ${place.under}`,
        { of: 'common way', ...place },
        { of: 'Gavel', ...place }
      )
      const own = { of: 'Gavel', name: 'p50' }
      figures.compare(
        `p50 of Gavel through Envoy to direct, ${share * 100} % of the most`,
        { ...own, under: underOf(share, gateway!.title) },
        { ...own, under: underOf(share, direct!.title) }
      )
    }
    return figures.measured()
  }
}
