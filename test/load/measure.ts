import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createGateway, type Gateway } from '@gavel/standalone/client/gateway.ts'
import { MongoClient } from 'mongodb'
import { checkLedger, openLoadAuction, type Checked } from './check.ts'
import type { Sample } from './figures.ts'
import { applyLoad, readAcknowledged } from './load.ts'
import { tickMs, ticksOf, waitUntilQuiet } from './quiet.ts'
import { commonDatabase, contenders, type Contender, type Path, type Stage } from './stage.ts'

export type Plan = {
  rounds: number
  measureMs: number
  warmUpMs: number
  connections: readonly number[]
  paths: readonly Path[]
}
export type Outcome = { samples: Sample[]; checks: Checked[]; faults: string[] }

const biddersMost = 1_000

type Hall = { stage: Stage; bidding: Gateway; mongo: MongoClient; adminToken: string; tokens: string[] }
type Measurement = {
  round: number
  contender: Contender
  path: Path
  connections: number
  auctionId: string
  acknowledgedFile: string
}

async function openHall(stage: Stage, plan: Plan): Promise<Hall> {
  const bidders = Math.min(Math.max(...plan.connections), biddersMost)
  const tokens = await Promise.all(
    Array.from({ length: bidders }, (_, index) => stage.tokens.tokenFor(`bidder-${index}`, 'bidder'))
  )
  return {
    stage,
    bidding: createGateway(`http://127.0.0.1:${stage.ports.gavel.direct}`, 4),
    mongo: await new MongoClient(stage.mongodbUrl).connect(),
    adminToken: await stage.tokens.tokenFor('admin', 'admin'),
    tokens
  }
}

/** Each measurement has an auction of its own, so that no one pays for another's length. */
async function openAuctionFor(
  { bidding, mongo, adminToken }: Hall,
  { contender, auctionId }: Measurement
): Promise<void> {
  if (contender === 'gavel') await openLoadAuction(bidding, adminToken, auctionId)
  if (contender !== 'common') return
  const auctions = mongo.db(commonDatabase).collection<{ _id: string }>('auctions')
  const endsAt = Date.now() + 2 * 60 * 60_000
  await auctions.insertOne({
    _id: auctionId,
    status: 'open',
    priceMinor: 999_999,
    leader: null,
    bidCount: 0,
    endsAt
  } as { _id: string })
}

/** The order turns from round to round, so that no contender always follows the same one. */
function plannedMeasurements(stage: Stage, { rounds, connections, paths }: Plan): Measurement[] {
  const planned: Measurement[] = []
  for (let round = 0; round < rounds; round += 1) {
    for (const count of connections) {
      for (const path of paths) {
        for (let turn = 0; turn < contenders.length; turn += 1) {
          const contender = contenders[(turn + round) % contenders.length]!
          const auctionId = `load-${randomBytes(6).toString('hex')}`
          const acknowledgedFile = join(stage.directory, `${auctionId}.acknowledged`)
          planned.push({ round, contender, path, connections: count, auctionId, acknowledgedFile })
        }
      }
    }
  }
  return planned
}

async function measure(
  hall: Hall,
  plan: Plan,
  planned: Measurement
): Promise<{ sample: Sample; problems: Record<string, number> }> {
  const { stage, tokens } = hall
  const { contender, path, connections, auctionId, acknowledgedFile, round } = planned
  await openAuctionFor(hall, planned)
  const { warmUpMs, measureMs } = plan
  const target = {
    host: '127.0.0.1',
    port: stage.ports[contender][path],
    auctionId,
    tokens: tokens.slice(0, connections)
  }
  const ticksBefore = ticksOf(stage.pids[contender])
  const measured = await applyLoad({ ...target, connections, warmUpMs, measureMs, acknowledgedFile })
  const { requestsPerSecond, acceptedPerSecond, p50Ms, p99Ms, generatorCores, problems } = measured
  const ticks = (ticksOf(stage.pids[contender]) ?? Number.NaN) - (ticksBefore ?? Number.NaN)
  const serverMicrosecondsPerBid = (ticks * tickMs * 1000) / measured.acknowledged
  return {
    sample: {
      round,
      name: contender,
      path,
      connections,
      requestsPerSecond,
      acceptedPerSecond,
      p50Ms,
      p99Ms,
      generatorCores,
      serverMicrosecondsPerBid
    },
    problems
  }
}

/** The common way is held to its word too: an accepted bid must be stored. */
async function checkCommon({ mongo }: Hall, { auctionId, acknowledgedFile }: Measurement): Promise<string | undefined> {
  const stored = await mongo.db(commonDatabase).collection('bids').countDocuments({ auctionId })
  let accepted = 0
  for (const { outcome } of readAcknowledged(acknowledgedFile)) if (outcome === 'accepted') accepted += 1
  return stored === accepted ? undefined : `the common way accepted ${accepted} bids and stored ${stored}`
}

const titleOf = ({ contender, path, connections }: Measurement): string => `${contender} ${path} ${connections}`

/** Measures everything in turn, and then holds every ledger against what was acknowledged. */
export async function measureAll(stage: Stage, plan: Plan, say: (line: string) => void): Promise<Outcome> {
  const hall = await openHall(stage, plan)
  const outcome: Outcome = { samples: [], checks: [], faults: [] }
  try {
    const planned = plannedMeasurements(stage, plan)
    for (const each of planned) {
      const { sample, problems } = await measure(hall, plan, each)
      const settledMs = await waitUntilQuiet(stage.pids[each.contender])
      outcome.samples.push(sample)
      const speed = `${Math.round(sample.requestsPerSecond)} bids/s, ${Math.round(sample.acceptedPerSecond)} accepted`
      const settled = settledMs > 500 ? `, events published ${(settledMs / 1000).toFixed(1)} s later` : ''
      say(`round ${each.round + 1}: ${titleOf(each).padEnd(22)} ${speed}${settled}`)
      for (const [problem, count] of Object.entries(problems))
        outcome.faults.push(`${titleOf(each)}: ${count} times ${problem}`)
    }
    say('checking the ledgers against what was acknowledged')
    for (const each of planned) {
      if (each.contender === 'gavel') {
        const checked = await checkLedger(hall.bidding, hall.adminToken, each.auctionId, each.acknowledgedFile)
        outcome.checks.push(checked)
        if (checked.fault) outcome.faults.push(`${titleOf(each)}: ${checked.fault}`)
      } else if (each.contender === 'common') {
        const fault = await checkCommon(hall, each)
        if (fault) outcome.faults.push(fault)
      }
    }
    return outcome
  } finally {
    await hall.bidding.close()
    await hall.mongo.close()
  }
}
