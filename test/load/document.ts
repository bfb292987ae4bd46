import { isDeepStrictEqual } from 'node:util'
import type { Benchmark, Figure, Measured, Ratio, Scale } from './benchmark.ts'
import { numberText, valueText } from './chart.ts'
import type { LoadAverage, Machine } from './machine.ts'

/** What became of one benchmark in one run. */
export type Part = Pick<Benchmark, 'name' | 'title'> & {
  measuredAt: string
  commit: string
  tookSeconds: number
  load: LoadAverage
} & ({ measured: Measured } | { failure: string })

/** What `docs/benchmarks.json` holds: benchmarks on one machine, each with when it ran and on which commit. */
export type Report = {
  machine: Omit<Machine, 'commit'>
  scale: Scale
  parts: Part[]
}

/** The report with some of its parts measured again. Throws a TypeError where they would not belong together. */
export function updated(report: Report, again: Report): Report {
  for (const member of ['machine', 'scale'] as const)
    if (!isDeepStrictEqual(report[member], again[member]))
      throw new TypeError(
        `The document was measured with another ${member} than this run; it can only be measured anew, with --all.`
      )
  const parts = new Map([...report.parts, ...again.parts].map((part) => [part.name, part]))
  return { ...again, parts: [...parts.values()] }
}

export const chartFile = (name: string, index: number): string => `${name}${index === 0 ? '' : `-${index + 1}`}.svg`

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const table = (head: readonly string[], numbersFrom: number, rows: readonly (readonly string[])[]): string =>
  [head, head.map((_, column) => (column < numbersFrom ? '---' : '--:')), ...rows]
    .map((cells) => `| ${cells.map(cell).join(' | ')} |`)
    .join('\n')

/** The median, and from how little to how much the rounds went. */
function figureText(figure: Figure | undefined, withRange: boolean): string {
  if (!figure || !Number.isFinite(figure.value)) return ''
  const { value, rounds } = figure
  const [least, most] = [Math.min(...rounds), Math.max(...rounds)]
  return withRange && most > least
    ? `${numberText(value)} (${numberText(least)}–${numberText(most)})`
    : numberText(value)
}

/** A row for each of whom and under what, a column for each figure. The figures that are drawn have their range too. */
function figuresTable(figures: readonly Figure[], drawn: ReadonlySet<string>): string {
  const rows = [...Map.groupBy(figures, ({ of, under }) => JSON.stringify([under, of])).values()]
  const columns = [...new Map(figures.map(({ name, unit }) => [name, unit])).entries()]
  const hasUnder = figures.some(({ under }) => under !== '')
  const goals = figures.some(({ goal }) => goal !== undefined)
  const head = [
    ...(hasUnder ? ['under'] : []),
    '',
    ...columns.map(([name, unit]) => (unit === '/s' ? `${name}/s` : unit === '' ? name : `${name}, ${unit}`)),
    ...(goals ? ['goal'] : [])
  ]
  return table(
    head,
    hasUnder ? 2 : 1,
    rows.map((own) => [
      ...(hasUnder ? [own[0]!.under] : []),
      own[0]!.of,
      ...columns.map(([name]) =>
        figureText(
          own.find((figure) => figure.name === name),
          drawn.has(name)
        )
      ),
      ...(goals
        ? [own.flatMap(({ goal, unit }) => (goal === undefined ? [] : [valueText(goal, unit)])).join(', ')]
        : [])
    ])
  )
}

const ratiosTable = (ratios: readonly Ratio[]): string =>
  table(
    ['ratio', 'median', 'rounds'],
    1,
    ratios.map(({ title, value, rounds }) => [
      title,
      `**${value.toFixed(2)}**`,
      rounds.length > 1 ? rounds.map((round) => round.toFixed(2)).join(', ') : ''
    ])
  )

function partText(part: Part, benchmark: Benchmark, { scale }: Report): string {
  const { measuredAt, commit, tookSeconds, load } = part
  const told = `Measured ${measuredAt} on commit ${commit}, in ${tookSeconds} s. Load average ${load.before} before, at most ${load.highest} during.`
  const lines = [
    `## ${part.title}`,
    benchmark.about,
    `\`npm run bench -- ${part.name}${scale.short ? ' --short' : ''}\``
  ]
  if ('failure' in part)
    return [...lines, `**This could not be measured in this run:**`, `\`\`\`\n${part.failure}\n\`\`\``, told].join(
      '\n\n'
    )
  const { figures, ratios, notes, faults } = part.measured
  const drawn = new Set(benchmark.charts.flatMap(({ names }) => names))
  benchmark.charts.forEach(({ title }, index) =>
    lines.push(`![${part.title}: ${title}](benchmarks/${chartFile(part.name, index)})`)
  )
  if (ratios.length > 0) lines.push(ratiosTable(ratios))
  lines.push(figuresTable(figures, drawn))
  if (faults.length > 0) lines.push(faults.map((fault) => `- **Fault:** ${fault}`).join('\n'))
  if (notes.length > 0) lines.push(notes.map((note) => `- ${note}`).join('\n'))
  return [...lines, told].join('\n\n')
}

const anchor = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-')

/** The whole document in Markdown, from the report alone. */
export function documentOf(report: Report, benchmarks: readonly Benchmark[]): string {
  const { machine, scale } = report
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`)
  const rounds = `${scale.rounds} ${scale.rounds === 1 ? 'round' : 'rounds'} of ${scale.measureMs / 1000} s`
  const failed = report.parts.filter((part) => 'failure' in part)
  const parts = report.parts.map((part) => [part, benchmarks.find(({ name }) => name === part.name)!] as const)
  return [
    '# Benchmarks',
    `Written by \`npm run bench -- --all${scale.short ? ' --short' : ''}\` and \`--update\`, and by nothing else; the data is [benchmarks.json](benchmarks.json).${
      scale.short ? ' **This was a short run: it shows that everything works, not how fast it is.**' : ''
    }`,
    'Servers, databases, broker, gateway and the load itself share the cores of one machine. So no figure here says what the platform can do on machines of its own, and ratios count more than figures: they are taken within a round, in which the machine was the same for both, and then their median. A figure is the median of the rounds; in brackets, and as a line in the pictures, stands from how little to how much it went.',
    table(['', ''], 2, [
      ['processor', `${machine.processor}, ${machine.cores} cores`],
      ['memory', `${machine.memoryGibibytes} GiB`],
      ['system', machine.system],
      ['open files a process', machine.openFiles],
      ['versions', versions.join(', ')],
      ['measured each', rounds]
    ]),
    parts.map(([{ title }]) => `- [${title}](#${anchor(title)})`).join('\n'),
    ...(failed.length > 0
      ? [
          `**Not measured in this run, for the reason that stands there:** ${failed.map(({ title }) => title).join('; ')}.`
        ]
      : []),
    ...parts.map(([part, benchmark]) => partText(part, benchmark, report))
  ].join('\n\n')
}
