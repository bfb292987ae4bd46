import { openAdmin } from '@gavel/standalone/client/admin.ts'
import { createGateway } from '@gavel/standalone/client/gateway.ts'
import { freshPlatform } from '../support/platform.ts'
import { Figures, percentilesOf, type Benchmark } from './benchmark.ts'
import { openBuyers, openSale, sellAtRate } from './sales.ts'

const minute = 60_000

export const order: Benchmark = {
  name: 'order',
  title: 'From a bid to an order',
  about: `The whole platform, through Envoy with tokens and cards: bids that are each a sale, due at a fixed rate whatever becomes of those
before. *Receipt*: from when a bid was due until its answer. *Order*: until the buyer's own live stream says that it is an order, with the
piece reserved, the card charged and the order recorded: six services and as many hops through Kafka.`,
  charts: [
    { title: 'Milliseconds from when a bid was due', names: ['receipt p50', 'receipt p99', 'order p50', 'order p99'] }
  ],
  boundMs: { full: 4 * minute, short: 5 * minute },
  async run(scale, say) {
    const figures = new Figures()
    const rates = scale.short ? [2, 10] : [2, 20]
    await using platform = await freshPlatform({ rateLimits: 'off', progress: (line) => say(`  ${line}`) })
    const gateway = createGateway(platform.url, 64)
    const admin = await openAdmin(gateway, platform.admin)
    const buyers = await openBuyers(gateway, scale.short ? 4 : 20)
    try {
      const auctionId = await openSale(gateway, await admin.token())
      // The first sale makes connections and compiles code on its way.
      await sellAtRate(gateway, buyers, { auctionId, ratePerSecond: 5, seconds: 1 })
      for (let round = 0; round < Math.min(scale.rounds, 2); round += 1) {
        for (const ratePerSecond of rates) {
          const seconds = scale.short ? 2 : 12
          const times = await sellAtRate(gateway, buyers, { auctionId, ratePerSecond, seconds })
          const receipt = percentilesOf(times.map(({ receiptMs }) => receiptMs))
          const ordered = percentilesOf(times.map(({ orderMs }) => orderMs))
          figures.add(`${ratePerSecond} sales a second`, '', {
            'receipt p50 ms': receipt.p50,
            'receipt p99 ms': receipt.p99,
            'order p50 ms': ordered.p50,
            'order p99 ms': ordered.p99
          })
          say(
            `round ${round + 1}: ${times.length} sales at ${ratePerSecond}/s: order p50 ${ordered.p50.toFixed(0)} ms, p99 ${ordered.p99.toFixed(0)} ms`
          )
        }
      }
    } finally {
      for (const { live } of buyers) live.close()
      await gateway.close()
    }
    const [low, high] = rates.map((rate) => `${rate} sales a second`)
    const place = { under: '', name: 'order p50' }
    figures.compare(`order p50 at ${high} to ${low}`, { of: high!, ...place }, { of: low!, ...place })
    return figures.measured()
  }
}
