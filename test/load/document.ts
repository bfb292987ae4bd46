import type { Benchmark, Figure, Measured, Ratio, Scale } from './benchmark.ts'
import { numberText, valueText } from './chart.ts'
import type { LoadAverage, Machine } from './machine.ts'

/** What became of one benchmark in one run. */
export type Part = Pick<Benchmark, 'name' | 'title'> & {
  tookSeconds: number
  load: LoadAverage
} & ({ measured: Measured } | { failure: string })

/** One run of the benchmarks: what `docs/benchmarks.json` holds. */
export type Report = {
  measuredAt: string
  tookMinutes: number
  machine: Machine
  scale: Scale
  load: LoadAverage
  parts: Part[]
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
  const told = `Took ${part.tookSeconds} s. Load average ${part.load.before} before, at most ${part.load.highest} during.`
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
  const { machine, load, scale } = report
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`)
  const rounds = `${scale.rounds} ${scale.rounds === 1 ? 'round' : 'rounds'} of ${scale.measureMs / 1000} s`
  const failed = report.parts.filter((part) => 'failure' in part)
  const parts = report.parts.map((part) => [part, benchmarks.find(({ name }) => name === part.name)!] as const)
  return [
    '# Benchmarks',
    `Written by \`npm run bench -- --all${scale.short ? ' --short' : ''}\`, and by nothing else; the data is [benchmarks.json](benchmarks.json).${
      scale.short ? ' **This was a short run: it shows that everything works, not how fast it is.**' : ''
    }`,
    'Servers, databases, broker, gateway and the load itself share the cores of one machine. So no figure here says what the platform can do on machines of its own, and ratios count more than figures: they are taken within a round, in which the machine was the same for both, and then their median. A figure is the median of the rounds; in brackets, and as a line in the pictures, stands from how little to how much it went.',
    table(['', ''], 2, [
      ['measured', `${report.measuredAt}, in ${report.tookMinutes} minutes`],
      ['commit', machine.commit],
      ['processor', `${machine.processor}, ${machine.cores} cores`],
      ['memory', `${machine.memoryGibibytes} GiB`],
      ['system', machine.system],
      ['open files a process', machine.openFiles],
      ['versions', versions.join(', ')],
      ['load average', `${load.before} before, at most ${load.highest} during`],
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
