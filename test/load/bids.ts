import { Figures, type Benchmark, type Scale } from './benchmark.ts'
import { inBidHall, noteProblems } from './bid-hall.ts'
import { isAllowed } from './program.ts'
import type { Load } from './load.ts'
import type { Contender, Path } from './stage.ts'

/** One who takes bids, and the protocol they come by. */
type Way = { contender: Contender; protocol: Load['protocol']; title: string }

export const paths: readonly { path: Path; title: string }[] = [
  { path: 'direct', title: 'direct' },
  { path: 'gateway', title: 'through Envoy' }
]

const gavel: Way = { contender: 'gavel', protocol: 'http', title: 'Gavel' }
const common: Way = { contender: 'common', protocol: 'http', title: 'common way' }
const constant: Way = { contender: 'constant', protocol: 'http', title: 'constant answer' }
const overHttp: Way = { ...gavel, title: 'HTTP' }
const overSocket: Way = { ...gavel, protocol: 'websocket', title: 'WebSocket' }

/** Beyond so many connections a measurement takes long to begin and to end, and is taken once. */
const manyConnections = 5_000

const underOf = (connections: number, path: string): string =>
  `${connections.toLocaleString('en')} connections, ${path}`

/** Every way in each round, and the order turns from round to round, so that none always follows the same one. */
async function measureWays(ways: readonly Way[], scale: Scale, say: (line: string) => void): Promise<Figures> {
  const figures = new Figures()
  const counts = scale.short ? [64] : [64, 1_000, 10_000]
  const cases = counts.flatMap((connections) =>
    paths
      .filter(({ path }) => isAllowed(connections, path, (sentence) => figures.notes.push(sentence)))
      .map(({ path, title }) => ({ connections, path, under: underOf(connections, title) }))
  )
  const contenders = [...new Set(ways.map(({ contender }) => contender))]
  await inBidHall(contenders, figures, say, async (hall) => {
    for (let round = 0; round < scale.rounds; round += 1) {
      for (const { connections, path, under } of cases) {
        if (connections > manyConnections && round > 0) continue
        for (let turn = 0; turn < ways.length; turn += 1) {
          const way = ways[(turn + round) % ways.length]!
          const { warmUpMs, measureMs } = scale
          const { contender, protocol } = way
          const sample = await hall.measure({ contender, protocol, path, connections, warmUpMs, measureMs })
          const { requestsPerSecond, acceptedPerSecond, latenciesMs, generatorCores } = sample
          figures.add(way.title, under, {
            'bids/s': requestsPerSecond,
            'accepted/s': acceptedPerSecond,
            'p50 ms': latenciesMs.p50,
            'p99 ms': latenciesMs.p99,
            'server time a bid µs': sample.serverMicrosecondsPerBid,
            'generator cores': generatorCores
          })
          noteProblems(figures, `${way.title}, ${under}`, sample)
          const told = `${Math.round(requestsPerSecond)} bids/s, ${Math.round(acceptedPerSecond)} accepted`
          say(`round ${round + 1}: ${under}: ${way.title}: ${told}`)
        }
      }
    }
  })
  return figures
}

type Compared = { above: Way; below: Way; name: string; title: (place: string) => string }

function compareWays(figures: Figures, compared: readonly Compared[]): void {
  const places = new Set(figures.measured().figures.map(({ under }) => under))
  for (const { above, below, name, title } of compared)
    for (const under of places)
      figures.compare(title(under), { of: above.title, under, name }, { of: below.title, under, name })
}

function compareGateway(figures: Figures, way: Way): void {
  const places = new Set(figures.measured().figures.map(({ under }) => under))
  for (const direct of places) {
    if (!direct.endsWith(paths[0]!.title)) continue
    const through = direct.replace(paths[0]!.title, paths[1]!.title)
    const place = { of: way.title, name: 'bids' }
    const title = `${way.title}, ${through}, to direct`
    figures.compare(title, { ...place, under: through }, { ...place, under: direct })
  }
}

const minute = 60_000

export const bids: Benchmark = {
  name: 'bids',
  title: 'Bids over HTTP on one hot auction',
  about: `Three servers of one route, with the same tokens, schemas and metrics, on the same MongoDB and Kafka: *Gavel*; the *common way*,
a conditional update, an insert and a message for each bid; and a *constant answer*, which decides nothing. Each connection bids again when
it is answered; amounts rise, and every eighth is far too low. *Bids* are decided bids, refusals among them, which Gavel records like
acceptances and the common way does not. *Accepted* is the smaller the more bids overtake one another on their way: one that comes after a
higher one is refused, and that too is decided and recorded ([ADR 26](adr/0026-bids-that-come-together-have-no-order-before-they-arrive.md) says
where a full gateway mixes them). The table's server time is the server's own processor time.`,
  charts: [{ title: 'Decided bids a second', names: ['bids'] }],
  boundMs: { full: 9 * minute, short: 5 * minute },
  async run(scale, say) {
    const figures = await measureWays([gavel, common, constant], scale, say)
    compareWays(figures, [
      { above: gavel, below: common, name: 'bids', title: (place) => `Gavel to the common way, ${place}` },
      {
        above: gavel,
        below: common,
        name: 'accepted',
        title: (place) => `Gavel to the common way in accepted bids alone, ${place}`
      },
      { above: gavel, below: constant, name: 'bids', title: (place) => `Gavel to the constant answer, ${place}` }
    ])
    compareGateway(figures, gavel)
    return figures.measured()
  }
}

export const websocket: Benchmark = {
  name: 'websocket',
  title: 'Bids over WebSocket on one hot auction',
  about: `The same auction and the same bids over \`/ws/auctions/{id}\`, a frame for each bid and one for its receipt, beside HTTP requests
to the same process in the same round. A client's limit of messages is lifted for it.`,
  charts: [{ title: 'Decided bids a second', names: ['bids'] }],
  boundMs: { full: 7 * minute, short: 5 * minute },
  async run(scale, say) {
    // Two rounds are what the whole run has time for.
    const figures = await measureWays([overHttp, overSocket], { ...scale, rounds: Math.min(scale.rounds, 2) }, say)
    compareWays(figures, [
      { above: overSocket, below: overHttp, name: 'bids', title: (place) => `WebSocket to HTTP, ${place}` }
    ])
    compareGateway(figures, overSocket)
    return figures.measured()
  }
}
