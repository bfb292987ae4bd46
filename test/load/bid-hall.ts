import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createGateway, type Gateway } from '@gavel/standalone/client/gateway.ts'
import { MongoClient } from 'mongodb'
import type { Figures } from './benchmark.ts'
import { checkLedger, openLoadAuction } from './check.ts'
import { applyLoad, readAcknowledged, type Load, type Measured } from './load.ts'
import { tickMs, ticksOf, waitUntilQuiet } from './quiet.ts'
import { commonDatabase, openStage, type Contender, type Path, type Stage } from './stage.ts'

const biddersMost = 1_000

/** One measurement: who decides the bids, how they come, and how many at once. */
export type Rush = Pick<Load, 'protocol' | 'connections' | 'ratePerSecond' | 'warmUpMs' | 'measureMs'> & {
  contender: Contender
  path: Path
}
/** `serverMicrosecondsPerBid`: the server's own processor time, whatever else was running. NaN where it cannot be known. */
export type Sample = Measured & { serverMicrosecondsPerBid: number }

type Held = { rush: Rush; auctionId: string; acknowledgedFile: string }

/** Where bids are measured: the servers, many bidders with tokens, and at the end every ledger held against the answers. */
export class BidHall {
  readonly #stage: Stage
  readonly #bidding: Gateway
  readonly #mongo: MongoClient
  readonly #adminToken: string
  readonly #tokens: string[]
  readonly #held: Held[] = []

  private constructor(stage: Stage, mongo: MongoClient, adminToken: string, tokens: string[]) {
    this.#stage = stage
    this.#mongo = mongo
    this.#adminToken = adminToken
    this.#tokens = tokens
    this.#bidding = createGateway(`http://127.0.0.1:${stage.ports.gavel.direct}`, 4)
  }

  static async open(contenders: readonly Contender[], say: (line: string) => void): Promise<BidHall> {
    const stage = await openStage(contenders, (line) => say(`  ${line}`))
    try {
      const tokens = await Promise.all(
        Array.from({ length: biddersMost }, (_, index) => stage.tokens.tokenFor(`bidder-${index}`, 'bidder'))
      )
      const mongo = await new MongoClient(stage.mongodbUrl).connect()
      return new BidHall(stage, mongo, await stage.tokens.tokenFor('admin', 'admin'), tokens)
    } catch (error) {
      await stage.stop()
      throw error
    }
  }

  /** Each measurement has an auction of its own, so that no one pays for another's length. */
  async measure(rush: Rush): Promise<Sample> {
    const { contender, path, ...load } = rush
    const auctionId = `load-${randomBytes(6).toString('hex')}`
    const acknowledgedFile = join(this.#stage.directory, `${auctionId}.acknowledged`)
    await this.#openAuction(contender, auctionId)
    const pid = this.#stage.pids[contender]!
    const ticksBefore = ticksOf(pid)
    const measured = await applyLoad({
      ...load,
      host: '127.0.0.1',
      port: this.#stage.ports[contender]![path],
      auctionId,
      tokens: this.#tokens.slice(0, rush.connections),
      acknowledgedFile
    })
    const ticks = (ticksOf(pid) ?? Number.NaN) - (ticksBefore ?? Number.NaN)
    this.#held.push({ rush, auctionId, acknowledgedFile })
    // What is still to be published would be paid for by whoever is measured next.
    await waitUntilQuiet(pid)
    return { ...measured, serverMicrosecondsPerBid: (ticks * tickMs * 1000) / measured.acknowledged }
  }

  async #openAuction(contender: Contender, auctionId: string): Promise<void> {
    if (contender === 'gavel') await openLoadAuction(this.#bidding, this.#adminToken, auctionId)
    if (contender !== 'common') return
    const auctions = this.#mongo.db(commonDatabase).collection<{ _id: string }>('auctions')
    const endsAt = Date.now() + 2 * 60 * 60_000
    const opened = { _id: auctionId, status: 'open', priceMinor: 999_999, leader: null, bidCount: 0, endsAt }
    await auctions.insertOne(opened as { _id: string })
  }

  /** Every acknowledged bid must be in its ledger exactly once, where its receipt says; the common way must have stored what it accepted. */
  async check(figures: Figures): Promise<void> {
    let [ledgers, acknowledged, inLedger] = [0, 0, 0]
    for (const { rush, auctionId, acknowledgedFile } of this.#held) {
      const title = `${rush.contender}, ${rush.connections} connections, ${rush.path}`
      if (rush.contender === 'gavel') {
        const checked = await checkLedger(this.#bidding, this.#adminToken, auctionId, acknowledgedFile)
        ledgers += 1
        acknowledged += checked.acknowledged
        inLedger += checked.inLedger
        if (checked.fault) figures.faults.push(`${title}: ${checked.fault}`)
      } else if (rush.contender === 'common') {
        const stored = await this.#mongo.db(commonDatabase).collection('bids').countDocuments({ auctionId })
        const accepted = [...readAcknowledged(acknowledgedFile)].filter(({ outcome }) => outcome === 'accepted').length
        if (stored !== accepted) figures.faults.push(`${title}: ${accepted} bids accepted and ${stored} stored`)
      }
    }
    const outcome =
      figures.faults.length === 0 ? 'each exactly once and where its receipt says; all verify' : 'NOT the same'
    figures.notes.push(`${ledgers} ledgers: ${acknowledged} bids acknowledged, ${inLedger} in the ledgers, ${outcome}.`)
  }

  async close(): Promise<void> {
    await this.#bidding.close()
    await this.#mongo.close()
    await this.#stage.stop()
  }
}

/** Opens a hall, measures, checks every ledger and closes the hall, whatever happens. */
export async function inBidHall(
  contenders: readonly Contender[],
  figures: Figures,
  say: (line: string) => void,
  measure: (hall: BidHall) => Promise<void>
): Promise<void> {
  const hall = await BidHall.open(contenders, say)
  try {
    await measure(hall)
    say('holding the ledgers against what was acknowledged')
    await hall.check(figures)
  } finally {
    await hall.close()
  }
}

export function noteProblems(figures: Figures, title: string, { problems }: Measured): void {
  for (const [problem, count] of Object.entries(problems)) figures.faults.push(`${title}: ${count} times ${problem}`)
}
