import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readRecording } from '@gavel/standalone/replay/recording.ts'
import type { Report } from '@gavel/standalone/replay/report.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { calculatePlainly } from '../fixtures/plain-calculation.ts'
import { sharedPlatform } from '../support/platform.ts'
import { requireSuccess, runProgram, type Ran } from '../support/run-program.ts'

const program = 'services/standalone/src/replay/main.ts'
const small = join(import.meta.dirname, '../fixtures/auctions-small.csv')
const home = mkdtempSync(join(tmpdir(), 'gavel-replay-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

const replay = (args: readonly string[], env: Record<string, string> = {}): Promise<Ran> => {
  const { url, admin } = sharedPlatform()
  const environment = {
    GAVEL_URL: url,
    GAVEL_ADMIN_EMAIL: admin.email,
    GAVEL_ADMIN_PASSWORD: admin.password,
    GAVEL_DIRECTORY: home
  }
  return runProgram(program, args, { ...environment, ...env })
}

/** What the recording must give, worked out without the platform. */
function expected(file: string): Omit<Report, 'bidsPerSecond'> {
  const { auctions } = readRecording(readFileSync(file, 'utf8'))
  const outcomes = auctions.map((auction) => ({
    auction,
    ...calculatePlainly(auction.openingPriceMinor, auction.bids)
  }))
  const refused: Record<string, number> = {}
  for (const outcome of outcomes) {
    for (const [code, count] of Object.entries(outcome.refused)) refused[code] = (refused[code] ?? 0) + count
  }
  const different = outcomes.flatMap(({ auction: { auctionId, recordedPriceMinor: recordedMinor }, closedMinor }) =>
    recordedMinor === closedMinor ? [] : [{ auctionId, recordedMinor, closedMinor }]
  )
  return {
    auctions: auctions.length,
    bids: {
      total: auctions.reduce((total, { bids }) => total + bids.length, 0),
      accepted: outcomes.reduce((total, { accepted }) => total + accepted, 0),
      refused
    },
    prices: { equal: auctions.length - different.length, different },
    sagas: { orders: outcomes.filter(({ winner }) => winner !== undefined).length, failed: 0, open: 0 },
    ledgers: { verified: auctions.length, broken: 0 }
  }
}

describe('a recording replayed through the running platform', () => {
  let first: Ran
  let report: Report
  beforeAll(async () => {
    const json = join(home, 'report.json')
    first = await replay([small, '--json', json])
    requireSuccess(first)
    report = JSON.parse(readFileSync(json, 'utf8')) as Report
  })

  test('every figure is the one that a plain calculation gives', () => {
    const { bidsPerSecond, ...figures } = report
    expect(figures).toEqual(expected(small))
    expect(bidsPerSecond).toBeGreaterThan(0)
  })

  test('bad rows are named by their line and skipped', () => {
    expect(first.stdout).toContain('line 19: bid "-4" is negative; skipped')
    expect(first.stdout).toContain('line 20: bid "1.005" has more than two decimals; skipped')
  })

  test('without a terminal the progress is plain lines', () => {
    expect(first.stdout).toMatch(/^Placing bids: 19 of 19 in \d+\.\d s, \d+ bids per second$/m)
    expect(first.stdout).not.toContain('\u001B')
  })

  test('a second replay uses the same accounts, and auctions of its own', async () => {
    const json = join(home, 'second.json')
    const second = await replay([small, '--json', json])
    requireSuccess(second)
    const { bidsPerSecond: _speed, ...figures } = JSON.parse(readFileSync(json, 'utf8')) as Report
    expect(figures).toEqual(expected(small))
  })
})

describe('a replay that cannot be', () => {
  test('says that the platform is not running, and how to start it', async () => {
    const ran = await replay([small], { GAVEL_URL: 'http://127.0.0.1:9' })
    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain(
      'Gavel is not running at http://127.0.0.1:9. Start it with `npm start` in another terminal'
    )
  })

  test.each([
    ['no file is given', [], 'Usage: npm run replay -- FILE.csv'],
    ['the file is not there', ['nowhere.csv'], 'nowhere.csv cannot be read: ENOENT.'],
    [
      'the result cannot be written',
      [small, '--json', '/nowhere/r.json'],
      '/nowhere/r.json cannot be written: ENOENT.'
    ],
    ['an option is unknown', [small, '--jason', 'x'], "Unknown option '--jason'"]
  ])('says so when %s', async (_case, args, words) => {
    const ran = await replay(args)
    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain(words)
    expect(ran.stderr).not.toContain('    at ')
  })

  test('names the columns that are missing', async () => {
    const file = join(home, 'other.csv')
    writeFileSync(file, 'auctionid,bid\n1,2\n')
    const ran = await replay([file])
    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain('the column bidtime is missing')
  })

  test('says so when the admin is wrong', async () => {
    const ran = await replay([small], { GAVEL_ADMIN_EMAIL: 'nobody@gavel.example' })
    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain('nobody@gavel.example could not sign in as admin.')
  })
})
