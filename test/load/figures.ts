import type { Contender, Path } from './stage.ts'

export type Result = {
  name: Contender
  path: Path
  connections: number
  requestsPerSecond: number
  acceptedPerSecond: number
  p50Ms: number
  p99Ms: number
}

/** One measurement of one round. Its ratio to another of the same round is free of the machine's drift. */
export type Sample = Result & {
  round: number
  generatorCores: number
  /** Processor time of the server itself, whatever else the machine was busy with. NaN where it cannot be known. */
  serverMicrosecondsPerBid: number
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}
const rounded = (value: number, digits: number): number => Number(value.toFixed(digits))

const keyOf = ({ name, path, connections }: Pick<Sample, 'name' | 'path' | 'connections'>): string =>
  `${name} ${path} ${connections}`

/** The medians over the rounds. */
export function resultsOf(samples: readonly Sample[]): Result[] {
  return [...Map.groupBy(samples, keyOf).values()].map((same) => {
    const { name, path, connections } = same[0]!
    const of = (figure: 'requestsPerSecond' | 'acceptedPerSecond' | 'p50Ms' | 'p99Ms'): number =>
      median(same.map((sample) => sample[figure]))
    return {
      name,
      path,
      connections,
      requestsPerSecond: rounded(of('requestsPerSecond'), 0),
      acceptedPerSecond: rounded(of('acceptedPerSecond'), 0),
      p50Ms: rounded(of('p50Ms'), 2),
      p99Ms: rounded(of('p99Ms'), 2)
    }
  })
}

export type Ratio = {
  path: Path
  connections: number
  /** Decided bids of Gavel for one of the common way, refused ones included. */
  gavelToCommon: number
  /** The same for accepted bids alone. */
  gavelToCommonAccepted: number
  /** How much of the bare route's speed is left with every bid decided and durable. */
  gavelToConstant: number
}
export type Ratios = { contenders: Ratio[]; gatewayToDirect: { name: Contender; connections: number; ratio: number }[] }

/** Ratios are taken within a round, and then their median. */
export function ratiosOf(samples: readonly Sample[]): Ratios {
  const bySample = new Map(samples.map((sample) => [`${keyOf(sample)} ${sample.round}`, sample]))
  const rounds = [...new Set(samples.map(({ round }) => round))]
  const compare = (
    above: Omit<Result, keyof Figures>,
    below: Omit<Result, keyof Figures>,
    figure: keyof Figures
  ): number => {
    const found = rounds.flatMap((round) => {
      const [a, b] = [bySample.get(`${keyOf(above)} ${round}`), bySample.get(`${keyOf(below)} ${round}`)]
      return a && b && b[figure] > 0 ? [a[figure] / b[figure]] : []
    })
    return rounded(median(found), 2)
  }
  const places = [
    ...new Map(samples.map(({ path, connections }) => [`${path} ${connections}`, { path, connections }])).values()
  ]
  const contenders = places.map(({ path, connections }) => {
    const [gavel, common, constant] = (['gavel', 'common', 'constant'] as const).map((name) => ({
      name,
      path,
      connections
    })) as [Place, Place, Place]
    return {
      path,
      connections,
      gavelToCommon: compare(gavel, common, 'requestsPerSecond'),
      gavelToCommonAccepted: compare(gavel, common, 'acceptedPerSecond'),
      gavelToConstant: compare(gavel, constant, 'requestsPerSecond')
    }
  })
  const direct = [
    ...new Map(samples.filter(({ path }) => path === 'direct').map((sample) => [keyOf(sample), sample])).values()
  ]
  const gatewayToDirect = direct.map(({ name, connections }) => ({
    name,
    connections,
    ratio: compare({ name, path: 'gateway', connections }, { name, path: 'direct', connections }, 'requestsPerSecond')
  }))
  return { contenders, gatewayToDirect }
}
type Figures = Pick<Result, 'requestsPerSecond' | 'acceptedPerSecond' | 'p50Ms' | 'p99Ms'>
type Place = Omit<Result, keyof Figures>

export function tableOf(samples: readonly Sample[]): string {
  const columns = [
    'name',
    'path',
    'connections',
    'bids/s',
    'least-most',
    'accepted/s',
    'p50 ms',
    'p99 ms',
    'server µs/bid',
    'generator cores'
  ]
  const rows = resultsOf(samples).map((result) => {
    const same = samples.filter((sample) => keyOf(sample) === keyOf(result))
    const speeds = same.map(({ requestsPerSecond }) => Math.round(requestsPerSecond))
    return [
      result.name,
      result.path,
      String(result.connections),
      String(result.requestsPerSecond),
      `${Math.min(...speeds)}-${Math.max(...speeds)}`,
      String(result.acceptedPerSecond),
      result.p50Ms.toFixed(2),
      result.p99Ms.toFixed(2),
      median(same.map(({ serverMicrosecondsPerBid }) => serverMicrosecondsPerBid)).toFixed(0),
      Math.max(...same.map(({ generatorCores }) => generatorCores)).toFixed(2)
    ]
  })
  const widths = columns.map((column, index) => Math.max(column.length, ...rows.map((row) => row[index]!.length)))
  const line = (cells: readonly string[]): string =>
    cells.map((cell, index) => (index < 2 ? cell.padEnd(widths[index]!) : cell.padStart(widths[index]!))).join('  ')
  return [line(columns), ...rows.map(line)].join('\n')
}
