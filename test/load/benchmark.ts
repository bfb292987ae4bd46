import { setTimeout as delay } from 'node:timers/promises'

/** A benchmark brings up all it needs, measures, takes down all again, and hands back its figures as data. */
export type Benchmark = {
  /** As it is asked for on the command line; its pictures carry it too. */
  name: string
  title: string
  /** What is measured and how to read it: a paragraph of the document, in Markdown. */
  about: string
  charts: readonly Chart[]
  /** A run that takes longer is ended, and the document says so. */
  boundMs: Record<'full' | 'short', number>
  run(scale: Scale, say: (line: string) => void): Promise<Measured>
}

/** How much is measured. A short run shows that everything works and is right, not how fast it is. */
export type Scale = { short: boolean; rounds: number; warmUpMs: number; measureMs: number }

export type Figure = {
  /** Who or what was measured: `Gavel`, `reads`. */
  of: string
  /** Under what: `64 connections, direct`. Empty where there is only one. */
  under: string
  name: string
  /** `/s`, `ms`, `s`, `MiB`, or empty of a plain number. */
  unit: string
  /** The median of the rounds. */
  value: number
  rounds: number[]
  /** What the project wants it to be, on a machine of its own. */
  goal?: number
}

export type Place = Pick<Figure, 'of' | 'under' | 'name'>

/** Taken within each round, where the machine was the same for both, and then the median. */
export type Ratio = { title: string; above: Place; below: Place; value: number; rounds: number[] }

/** Bars: a group for each `under`, in it one for each `of`; with several names, one for each name. */
export type Chart = { title: string; names: readonly string[]; scale?: 'linear' | 'logarithmic' }

export type Measured = {
  figures: Figure[]
  ratios: Ratio[]
  /** What a reader must know of this run. */
  notes: string[]
  /** What was not as it must be: acknowledged and not stored, for one. */
  faults: string[]
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/** Four significant digits: more would say that they mean something. */
const rounded = (value: number): number => Number(value.toPrecision(4))

/** The value below which a share of the sorted values lies; exact, 0 where there are none. */
export const percentile = (sorted: ArrayLike<number>, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0

const shares = { p50: 0.5, p90: 0.9, p99: 0.99, 'p99.9': 0.999 } as const
export type Percentiles = Record<keyof typeof shares, number>

/** Exact, of any values in any order. */
export function percentilesOf(values: readonly number[]): Percentiles {
  const sorted = Float64Array.from(values).toSorted()
  const at = (name: keyof typeof shares): number => percentile(sorted, shares[name])
  return { p50: at('p50'), p90: at('p90'), p99: at('p99'), 'p99.9': at('p99.9') }
}

/** Fewer answers are no measurement: it goes on until there are so many. */
export const answersLeast = 50

/** Waits until something has been counted often enough, and gives up after half a minute. */
export async function atLeast(least: number, count: () => number): Promise<void> {
  for (const end = performance.now() + 30_000; count() < least && performance.now() < end;) await delay(20)
}

/** Collects what the rounds of one benchmark measure. */
export class Figures {
  readonly notes: string[] = []
  readonly faults: string[] = []
  readonly #figures = new Map<string, Figure>()
  readonly #ratios: Pick<Ratio, 'title' | 'above' | 'below'>[] = []

  /** One round's value of each figure of one row: `{ 'bids/s': 9000, 'p50 ms': 1.2 }`, the unit after the name. */
  add(of: string, under: string, values: Readonly<Record<string, number>>, goal?: number): void {
    for (const [label, value] of Object.entries(values)) {
      const { name, unit } = nameAndUnit(label)
      const key = keyOf({ of, under, name })
      const figure = this.#figures.get(key) ?? { of, under, name, unit, value: 0, rounds: [], ...(goal && { goal }) }
      this.#figures.set(key, figure)
      figure.rounds.push(rounded(value))
      figure.value = rounded(median(figure.rounds))
    }
  }

  /** A ratio to be taken at the end, of two figures that have the same rounds. */
  compare(title: string, above: Place, below: Place): void {
    this.#ratios.push({ title, above, below })
  }

  measured(): Measured {
    const ratios = this.#ratios.flatMap((ratio) => {
      const [above, below] = [this.#figures.get(keyOf(ratio.above)), this.#figures.get(keyOf(ratio.below))]
      const rounds = (above?.rounds ?? []).flatMap((value, round) => {
        const other = below?.rounds[round]
        return other ? [value / other] : []
      })
      return rounds.length === 0 ? [] : [{ ...ratio, value: rounded(median(rounds)), rounds: rounds.map(rounded) }]
    })
    return { figures: [...this.#figures.values()], ratios, notes: this.notes, faults: this.faults }
  }
}

const keyOf = ({ of, under, name }: Place): string => JSON.stringify([of, under, name])

/** `bids/s` is a rate, `p50 ms` has its unit behind a space, `retries` has none. */
function nameAndUnit(label: string): { name: string; unit: string } {
  if (label.endsWith('/s')) return { name: label.slice(0, -2), unit: '/s' }
  const space = label.lastIndexOf(' ')
  const unit = label.slice(space + 1)
  return space > 0 && ['ms', 's', 'µs', 'MiB', 'KiB', 'kB', '%', 'cores'].includes(unit)
    ? { name: label.slice(0, space), unit }
    : { name: label, unit: '' }
}
