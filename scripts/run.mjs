// The first thing that runs, on whatever Node.js the machine has and before anything is installed: so no dependency,
// no TypeScript, nothing newer than Node 20. It installs the packages when they are missing or old, and then hands
// over to Node 24, which is itself one of the packages.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(fileURLToPath(import.meta.url), '../..')
const nodeOfOurs = join(root, 'node_modules', 'node', 'bin', 'node')

const entries = {
  start: ['services/standalone/src/main.ts'],
  test: ['scripts/test.mjs'],
  check: ['scripts/test.mjs', 'check'],
  demo: ['services/standalone/src/demo.ts'],
  replay: ['services/standalone/src/replay/main.ts'],
  bench: ['test/load/main.ts'],
  cluster: ['test/cluster/main.ts'],
  images: ['scripts/images/main.ts'],
  screenshots: ['test/support/screenshots.ts']
}

function give(sentence) {
  console.error(sentence)
  process.exit(1)
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  give(
    `Node.js is ${process.versions.node}; Gavel needs 20.19 or newer to start with. Install it from https://nodejs.org.`
  )
}

const readJson = (file) => JSON.parse(readFileSync(join(root, file), 'utf8'))

/** Why the packages must be installed, or undefined when what is there is what package-lock.json asks for. */
function whyInstall() {
  if (!existsSync(join(root, 'node_modules', '.package-lock.json'))) return 'The packages are not installed yet'
  const wanted = readJson('package-lock.json').packages
  const present = readJson('node_modules/.package-lock.json').packages
  for (const [path, { version, optional, devOptional, peer }] of Object.entries(wanted)) {
    if (!path.startsWith('node_modules/') || optional || devOptional || peer) continue
    if (present[path]?.version !== version)
      return `${path.replace('node_modules/', '')} is not what package-lock.json asks for`
  }
  return undefined
}

const works = (program) => spawnSync(program, ['--version'], { stdio: 'pipe' }).status === 0

function npm(args) {
  const own = process.env.npm_execpath
  const [command, before] = own && existsSync(own) ? [process.execPath, [own]] : ['npm', []]
  return spawnSync(command, [...before, ...args], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }).status === 0
}

function install() {
  const why = whyInstall()
  if (why) {
    console.error(`${why}: running npm ci (about 20 s).`)
    if (!npm(['ci', '--no-audit', '--no-fund', '--loglevel=error'])) {
      give('The packages could not be installed. See the lines above; `npm ci` in this folder tries again.')
    }
  }
  if (works(nodeOfOurs)) return
  // npm may hold back the script that fetches Node 24, by its own default or by the owner's configuration.
  console.error('Fetching Node 24 from npm.')
  spawnSync(process.execPath, ['installArchSpecificPackage.js'], {
    cwd: join(root, 'node_modules', 'node'),
    stdio: 'inherit'
  })
  if (!works(nodeOfOurs))
    give('Node 24 could not be installed from the npm package `node`. `npm rebuild node` tries again.')
}

/** Runs the entry on Node 24 in a group of its own, so that each signal reaches it once, whoever else sends it too. */
function handOver(entry, args) {
  const path = `${join(root, 'node_modules', '.bin')}:${process.env.PATH ?? ''}`
  const child = spawn(nodeOfOurs, [...entry, ...args], {
    cwd: root,
    detached: true,
    env: { ...process.env, PATH: path, GAVEL_WORKING_DIRECTORY: process.env.INIT_CWD ?? process.cwd() },
    // The channel tells the entry that we are gone, even when we were killed with kill -9.
    stdio: ['ignore', 'inherit', 'inherit', 'ipc']
  })
  let last = 0
  const pass = (signal) => {
    // Ctrl-C comes twice under npm: from the terminal, and passed on by npm.
    if (Date.now() - last > 500) child.kill(signal)
    last = Date.now()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, pass)
  // npm killed with kill -9 passes nothing on; then we have another parent.
  const parent = process.ppid
  if (process.env.npm_lifecycle_event) setInterval(() => process.ppid === parent || pass('SIGTERM'), 1_000).unref()
  child.on('exit', (code, signal) => {
    process.exit(code ?? 128 + (constants.signals[signal] ?? 0))
  })
}

requireNode()
const [command = '', ...args] = process.argv.slice(2)
const entry = entries[command]
if (!entry) give(`Say one of: ${Object.keys(entries).join(', ')}.`)
install()
if (!existsSync(join(root, entry[0]))) give(`${entry[0]} is missing from this checkout.`)
handOver(entry, args)
