import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { describeFailure } from '@gavel/standalone/failure.ts'
import { repository } from '@gavel/standalone/config.ts'
import { format, resolveConfig } from 'prettier'
import type { Benchmark, Measured, Scale } from './benchmark.ts'
import { benchmarks } from './benchmarks.ts'
import { barsOf, chartSvg, valueText } from './chart.ts'
import { chartFile, documentOf, updated, type Part, type Report } from './document.ts'
import { describeMachine, watchLoad } from './machine.ts'
import type { Outcome } from './one.ts'
import { withOpenFiles } from './program.ts'

const usage = `Usage: npm run bench -- [NAME …] [--all] [--update] [--short] [--rounds N] [--seconds N] [--out FOLDER]

${benchmarks.map(({ name, title }) => `  ${name.padEnd(12)} ${title}`).join('\n')}

  --all      every one of them, and docs/benchmarks.md, its pictures and its data are written anew
  --update   those that are named are measured again and take their place in the document, on the machine that it is of
  --short    little of each: shows that everything works and is right, not how fast it is
  --rounds   how often each measurement is made; ratios are taken within a round
  --seconds  how long each measurement lasts
  --out      the folder for the document, where it is not docs`

type Command = { chosen: Benchmark[]; scale: Scale; out: string | undefined; isUpdate: boolean }

function parse(): Command | 'help' {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { all: flag, update: flag, short: flag, help: flag, rounds: text, seconds: text, out: text }
  })
  if (values.help || (positionals.length === 0 && !values.all)) return 'help'
  const chosen = positionals.map((name) => {
    const found = benchmarks.find((benchmark) => benchmark.name === name)
    if (!found) throw new TypeError(`There is no benchmark ${name}`)
    return found
  })
  const number = (given: string | undefined, otherwise: number): number => {
    const value = Number(given ?? otherwise)
    if (!(value > 0)) throw new TypeError(`${given} is not a number above zero`)
    return value
  }
  const short = values.short ?? false
  const isUpdate = values.update ?? false
  if (isUpdate && values.all) throw new TypeError('--all measures everything anew: there is nothing to update')
  const out = values.out ?? (values.all || isUpdate ? join(repository, 'docs') : undefined)
  return {
    chosen: values.all ? [...benchmarks] : chosen,
    isUpdate,
    out: out && resolve(process.env['GAVEL_WORKING_DIRECTORY'] ?? '.', out),
    scale: {
      short,
      rounds: Math.ceil(number(values.rounds, short ? 1 : 3)),
      warmUpMs: short ? 300 : 1_000,
      measureMs: number(values.seconds, short ? 0.7 : 3) * 1000
    }
  }
}

/** Runs one benchmark as a process of its own. One that takes too long is ended, and its servers end with it. */
async function runOne({ name, boundMs }: Benchmark, scale: Scale, directory: string): Promise<Outcome> {
  const file = join(directory, `${name}.json`)
  const bound = boundMs[scale.short ? 'short' : 'full']
  const program = [process.execPath, ...process.execArgv, join(import.meta.dirname, 'one.ts')]
  const child = spawn('/bin/sh', ['-c', withOpenFiles, 'sh', ...program, name, JSON.stringify(scale), file], {
    stdio: ['ignore', 'inherit', 'inherit']
  })
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal)
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, pass)
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    child.kill('SIGKILL')
  }, bound)
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((done) =>
    child.once('exit', (...ended) => done(ended))
  )
  clearTimeout(timer)
  for (const each of signals) process.off(each, pass)
  if (isLate) return { failure: `It was ended because it took longer than ${bound / 60_000} minutes.` }
  if (signal !== null && signal !== 'SIGKILL') process.kill(process.pid, signal)
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Outcome
  } catch {
    return { failure: `It ended ${signal === null ? `with code ${code}` : `by ${signal}`} and left no figures.` }
  }
}

function tell({ figures, ratios, notes, faults }: Measured, drawn: ReadonlySet<string>): void {
  for (const { of, under, name, unit, value } of figures)
    if (drawn.has(name)) console.log(`  ${[under, of, name].filter(Boolean).join(', ')}: ${valueText(value, unit)}`)
  for (const { title, value } of ratios) console.log(`  ${title}: ${value.toFixed(2)}`)
  for (const note of notes) console.log(`  ${note}`)
  for (const fault of faults) console.log(`  FAULT: ${fault}`)
}

async function measureAll({ chosen, scale }: Command): Promise<Report> {
  const directory = mkdtempSync(join(tmpdir(), 'gavel-bench-'))
  const beganAt = Date.now()
  try {
    const { commit, ...machine } = await describeMachine((line) => console.log(`  ${line}`))
    console.log(`${machine.processor}, ${machine.cores} cores, ${machine.memoryGibibytes} GiB; commit ${commit}`)
    const parts: Part[] = []
    for (const [index, benchmark] of chosen.entries()) {
      const { name, title, charts } = benchmark
      const began = performance.now()
      const measuredAt = new Date().toISOString()
      const own = watchLoad()
      const at = Math.round((Date.now() - beganAt) / 60_000)
      console.log(`\n[${index + 1} of ${chosen.length}, minute ${at}] ${name}: ${title}`)
      const outcome = await runOne(benchmark, scale, directory)
      const tookSeconds = Math.round((performance.now() - began) / 1000)
      parts.push({ name, title, measuredAt, commit, tookSeconds, load: own.end(), ...outcome })
      if ('measured' in outcome) tell(outcome.measured, new Set(charts.flatMap(({ names }) => names)))
      else console.log(`  FAILED: ${outcome.failure}`)
    }
    return { machine, scale, parts }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function readReport(out: string): Report {
  const file = join(out, 'benchmarks.json')
  if (!existsSync(file)) throw new TypeError(`There is no ${file} to update: measure with --all first.`)
  return JSON.parse(readFileSync(file, 'utf8')) as Report
}

/** The document, its data and its pictures, formatted as everything here is. */
async function write(report: Report, out: string): Promise<void> {
  const pictures = join(out, 'benchmarks')
  rmSync(pictures, { recursive: true, force: true })
  mkdirSync(pictures, { recursive: true })
  for (const part of report.parts) {
    if (!('measured' in part)) continue
    const { charts } = benchmarks.find(({ name }) => name === part.name)!
    charts.forEach((chart, index) => {
      const bars = barsOf(part.measured.figures, chart)
      writeFileSync(join(pictures, chartFile(part.name, index)), chartSvg(chart, bars))
    })
  }
  const options = (await resolveConfig(join(repository, 'docs', 'benchmarks.md'))) ?? {}
  const files = { 'benchmarks.md': documentOf(report, benchmarks), 'benchmarks.json': JSON.stringify(report) }
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(out, name), await format(text, { ...options, filepath: name }))
  console.log(`\nWritten: ${join(out, 'benchmarks.md')}`)
}

try {
  const command = parse()
  if (command === 'help') console.log(usage)
  else {
    const report = await measureAll(command)
    if (command.out) await write(command.isUpdate ? updated(readReport(command.out), report) : report, command.out)
    const bad = report.parts.filter((part) => 'failure' in part || part.measured.faults.length > 0)
    console.log(
      `\n${report.parts.length - bad.length} of ${report.parts.length} measured, ${(performance.now() / 60_000).toFixed(1)} minutes`
    )
    if (bad.length > 0) process.exitCode = 1
  }
} catch (error) {
  console.error(error instanceof TypeError ? `${error.message}\n\n${usage}` : describeFailure(error))
  process.exitCode = 1
}
