import { dirname } from 'node:path'
import { clearData } from './backends/all.ts'
import { stopAllChildren } from './child.ts'
import { claimFolder } from './claim.ts'
import { readConfig } from './config.ts'
import { watchForEnding } from './ending.ts'
import { describeFailure } from './failure.ts'
import { type Platform, startPlatform } from './platform.ts'
import { seed } from './seed/seed.ts'

const usage = `npm start               the whole platform on this machine
npm start -- --fresh    the same, with all stored data cleared first
npm start -- --observe  the same, with Prometheus over it`

const stopBoundMs = 15_000
const say = (line: string): void => console.log(`  ${line}`)

function announce(platform: Platform, tookMs: number): void {
  const { url, mailUrl, admin, bidder, directories, ports } = platform
  const prometheus = observed ? `\n  Prometheus http://127.0.0.1:${ports['prometheus']}` : ''
  console.log(`
Gavel is ready at ${url} (${(tookMs / 1000).toFixed(1)} s)

  admin      ${admin.email}   password ${admin.password}
  bidder     ${bidder.email}  password ${bidder.password}
  mails      ${mailUrl}
  API        ${url}/docs${prometheus}
  logs       ${directories.logs}

npm run demo plays one sale through it. Ctrl-C ends everything.`)
}

/** A platform without a few items is usable all the same, so a failure here is told and not fatal. */
async function fill({ url, admin, bidder, missing }: Platform): Promise<void> {
  if (missing.length > 0) return
  say('putting up a few items')
  await seed(url, admin, bidder, Date.now()).catch((error: unknown) =>
    say(`The items are not up: ${describeFailure(error)}`)
  )
}

const observed = process.argv.includes('--observe')
const ending = watchForEnding()

async function run(): Promise<void> {
  const began = performance.now()
  const config = readConfig()
  using _claim = claimFolder(dirname(config.directories.data))
  if (process.argv.includes('--fresh')) await clearData(config.directories.data)
  let up = false
  // Told to end in the middle of the start: what has begun is ended, and the start then fails for want of it.
  void ending.wait().then(() => (up ? undefined : stopAllChildren(stopBoundMs)))
  const platform = await startPlatform({ ...config, restart: true, observe: observed, progress: say })
  up = true
  try {
    if (ending.told() === undefined) await fill(platform)
    if (ending.told() === undefined) announce(platform, performance.now() - began)
    console.log(`\nEnding (${await ending.wait()}).`)
  } finally {
    await platform.stop()
  }
}

const unknown = process.argv.slice(2).find((argument) => !['--fresh', '--observe'].includes(argument))
if (unknown !== undefined) {
  console.error(`${unknown === '--help' ? '' : `There is no option ${unknown}.\n`}${usage}`)
  process.exitCode = unknown === '--help' ? 0 : 2
} else {
  try {
    await run()
  } catch (error) {
    await stopAllChildren(stopBoundMs)
    if (ending.told() === undefined) console.error(`\n${describeFailure(error)}`)
    process.exitCode = 1
  }
  process.exit()
}
