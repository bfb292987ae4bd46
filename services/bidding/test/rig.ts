import { MongoClient } from 'mongodb'
import type { LedgerDocument } from '../src/ledger/entry.ts'
import { createContext } from '@gavel/platform/service.ts'
import { Credit, type CreditLimits } from '../src/credit.ts'
import { CreditSweep } from '../src/credit-sweep.ts'
import { Accounts } from '../src/store/accounts.ts'
import { House, type HouseLimits } from '../src/house.ts'
import type { Committed } from '../src/book/book.ts'
import type { OpenCommand } from '../src/domain/open.ts'
import { SealingKeys } from '../src/ledger/seal.ts'
import { Auctions } from '../src/store/auctions.ts'
import { Ledger, type LedgerLimits } from '../src/store/ledger.ts'
import { verifyLedger } from '../src/verify/verify.ts'

/** One process's worth of bidding, without HTTP. Two of them on one database are two processes as far as the ledger can tell. */
export interface Process {
  house: House
  ledger: Ledger
  auctions: Auctions
  accounts: Accounts
  credit: Credit
  sweep: CreditSweep
  committed: Committed[]
  close(): Promise<void>
}

/** The same for all processes of a test run, as SEALING_KEY is for all of a platform. */
export const someSealing = new SealingKeys([Buffer.alloc(32, 7)])

export const someLimits: HouseLimits = {
  entryBidsMax: 1000,
  entryBytesMax: 512 * 1024,
  waitingMax: 5000,
  booksMax: 100,
  recentBidsMax: 10_000,
  pageBytesMax: 4 * 1024 * 1024
}

export interface ProcessOptions {
  clock?: () => number
  limits?: Partial<HouseLimits>
  commit?: LedgerLimits
  sealing?: SealingKeys | null
  credit?: Partial<CreditLimits>
}

export async function startProcess(
  mongodb: { url: string; database: string },
  options: ProcessOptions = {}
): Promise<Process> {
  const client = await MongoClient.connect(mongodb.url, { maxPoolSize: 10 })
  const db = client.db(mongodb.database)
  const ledger = new Ledger(db, options.commit ?? { attemptTimeoutMs: 3000, commitTimeoutMs: 10_000 })
  const auctions = new Auctions(db)
  await Promise.all([ledger.createIndexes(), auctions.createIndexes()])
  const sealing = options.sealing === undefined ? someSealing : options.sealing
  const clock = options.clock ?? Date.now
  const accounts = new Accounts(db, sealing)
  await accounts.createIndexes()
  const limits = { defaultMinor: null, pendingMs: 60_000, ...options.credit }
  const credit = new Credit({ accounts, clock, log: createContext({ name: 'rig', logLevel: 'silent' }).log, limits })
  await credit.refresh()
  const committed: Committed[] = []
  const house = new House({
    ledger,
    auctions,
    sealing,
    credit,
    clock,
    limits: { ...someLimits, ...options.limits },
    measures: { committed: () => undefined, conflict: () => undefined },
    onCommitted: (one) => {
      committed.push(one)
      credit.committed(one)
    }
  })
  const sweep = new CreditSweep({ credit, accounts, auctions, ledger, house, clock })
  return { house, ledger, auctions, accounts, credit, sweep, committed, close: () => client.close() }
}

let opened = 0
export const someAuction = (changes: Partial<OpenCommand> = {}): OpenCommand => ({
  auctionId: `auction-${(opened += 1)}`,
  productId: 'product-1',
  title: 'A wristwatch — “as new”',
  mode: 'english',
  currency: 'USD',
  openingPriceMinor: 1_00,
  increments: 'ebay-2003',
  endsAt: Date.now() + 600_000,
  ...changes
})

export async function ledgerOf(process: Process, auctionId: string): Promise<LedgerDocument[]> {
  const documents: LedgerDocument[] = []
  for await (const document of process.ledger.all(auctionId, 0)) documents.push(document)
  return documents
}

export async function servedLedger(process: Process, auctionId: string): Promise<unknown[]> {
  const entries: unknown[] = []
  for (let from: number | undefined = 0; from !== undefined;) {
    const page: { entries: unknown[]; nextFrom?: number } = await process.house.ledgerPage(auctionId, from, 1000)
    entries.push(...page.entries)
    from = page.nextFrom
  }
  return entries
}

export const verdictOf = async (process: Process, auctionId: string) =>
  await verifyLedger(await servedLedger(process, auctionId))
