// Everything that must hold, one after another: `npm test`, or parts of it by name: `npm test -- unit integration`.
// `check` stands for all checks that run no test. The last line is always `N passed, N failed`.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import vitest from '../vitest.config.ts'

const root = resolve(import.meta.dirname, '..')
const checks = {
  format: ['prettier', '--check', '--log-level', 'warn', '.'],
  lint: ['oxlint', '--type-aware', '--quiet'],
  types: ['tsc'],
  pages: ['tsc', '-p', 'services/web/src/page'],
  generated: ['node', 'services/contracts/src/generate.ts', '--check'],
  unused: ['knip'],
  lock: ['node', 'scripts/check-lock.mjs']
}
const suites = vitest.test.projects.map((project) => project.test.name)
const running = new Set()
let told = false

function start(command, args, options = {}) {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], ...options })
  running.add(child)
  const ended = new Promise((done) => {
    child.once('error', () => done(1))
    child.once('exit', (code) => done(code ?? 1))
  }).finally(() => running.delete(child))
  return { child, ended }
}

/** A check's words matter only when it fails. */
async function check(name) {
  const [command, ...args] = checks[name]
  const { child, ended } = start(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let words = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (words += part))
  const passed = (await ended) === 0
  console.log(passed ? `✓ ${name}` : `✗ ${name}: ${command} ${args.join(' ')}\n${words.trimEnd()}`)
  return passed ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

/** A file that could not even be loaded has no failed test in it, yet it failed. */
function count(report) {
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed')
  )
  return { passed: report.numPassedTests, failed: report.numFailedTests + brokenFiles.length }
}

async function suite(name) {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-report-'))
  const file = join(folder, 'report.json')
  console.log(`\n— ${name} —`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  // Tests use the Kafka client directly too, whose timers below zero Node warns of.
  const env = { ...process.env, NODE_OPTIONS: '--disable-warning=TimeoutNegativeWarning' }
  const { ended } = start('vitest', ['run', '--project', name, '--passWithNoTests', ...reporters], { env })
  const code = await ended
  let result = { passed: 0, failed: 0 }
  try {
    result = count(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    console.log(`${name} ended without a report.`)
  }
  rmSync(folder, { recursive: true, force: true })
  if (code !== 0 && result.failed === 0) result.failed = 1
  return result
}

async function main(named) {
  const wanted = named.length > 0 ? named : ['check', ...suites]
  const unknown = wanted.find((name) => name !== 'check' && !(name in checks) && !suites.includes(name))
  if (unknown)
    throw new Error(`There is no ${unknown}. Say some of: check, ${[...Object.keys(checks), ...suites].join(', ')}.`)
  const total = { passed: 0, failed: 0 }
  const add = ({ passed, failed }) => {
    total.passed += passed
    total.failed += failed
  }
  for (const name of Object.keys(checks)) if (wanted.includes('check') || wanted.includes(name)) add(await check(name))
  for (const name of suites) if (wanted.includes(name) && !told) add(await suite(name))
  return total
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    told = true
    for (const child of running) child.kill(signal)
  })
}
process.channel?.unref()
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))

let total
try {
  total = await main(process.argv.slice(2))
} catch (error) {
  console.error(error.message)
  total = { passed: 0, failed: 1 }
}
if (told) total.failed += 1
console.log(`\n${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 ? 0 : 1
