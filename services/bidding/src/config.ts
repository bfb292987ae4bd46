import {
  authConfig,
  httpConfig,
  integer,
  kafkaConfig,
  mongoConfig,
  optional,
  readAll,
  readConfig,
  secret,
  telemetryConfig,
  type Environment
} from '@gavel/platform/config.ts'
import { statementsConfig } from '@gavel/platform/statements.ts'

import { sealingKeysFrom } from './ledger/seal.ts'

const KIBI = 1024
const MEBI = 1024 * 1024

/** Limits carry their unit in the name. */
function biddingConfig(env: Environment) {
  const read = readConfig(env, {
    /** 32 bytes in base64; without it no auction of sealed bids can be held. New ones come first, old ones stay behind them, by commas. */
    SEALING_KEY: optional(secret({ check: (raw) => void sealingKeysFrom(raw) })),
    /** What a bidder may hold in a currency where no admin has set a limit; absent: as much as he likes. */
    CREDIT_LIMIT_DEFAULT_MINOR: optional(integer({ min: 0, max: 1_000_000_000_00 })),
    CREDIT_PENDING_MS: integer({ default: 60_000, min: 20, max: 3_600_000 }),
    CREDIT_SWEEP_INTERVAL_MS: integer({ default: 1000, min: 20, max: 600_000 }),
    ENDING_SOON_MS: integer({ default: 600_000, min: 1000, max: 7 * 24 * 3_600_000 }),
    CROWD_INTERVAL_MS: integer({ default: 1000, min: 20, max: 600_000 }),
    ENTRY_BIDS_MAX: integer({ default: 1000, min: 1, max: 2000 }),
    ENTRY_BYTES_MAX: integer({ default: 400 * KIBI, min: 4 * KIBI, max: 700 * KIBI }),
    WAITING_BIDS_MAX: integer({ default: 20_000, min: 1, max: 1_000_000 }),
    AUCTIONS_HELD_MAX: integer({ default: 5000, min: 1, max: 1_000_000 }),
    RECENT_BIDS_MAX: integer({ default: 50_000, min: 2, max: 10_000_000 }),
    COMMIT_ATTEMPT_TIMEOUT_MS: integer({ default: 3000, min: 50, max: 60_000 }),
    COMMIT_TIMEOUT_MS: integer({ default: 10_000, min: 100, max: 120_000 }),
    LEDGER_PAGE_BYTES_MAX: integer({ default: 4 * MEBI, min: 64 * KIBI, max: 64 * MEBI }),
    CLOSE_SCAN_INTERVAL_MS: integer({ default: 250, min: 20, max: 60_000 }),
    CLOSE_SCAN_MAX: integer({ default: 200, min: 1, max: 10_000 }),
    LISTING_INTERVAL_MS: integer({ default: 500, min: 20, max: 60_000 }),
    PUBLISH_ROUND_AUCTIONS_MAX: integer({ default: 64, min: 1, max: 1000 }),
    PUBLISH_ROUND_BYTES_MAX: integer({ default: 600 * KIBI, min: 16 * KIBI, max: 900 * KIBI }),
    PUBLISH_BACKLOG_BYTES_MAX: integer({ default: 32 * MEBI, min: 0, max: 1024 * MEBI }),
    PUBLISH_ROUND_INTERVAL_MS: integer({ default: 20, min: 0, max: 10_000 }),
    LEDGER_CHECK_INTERVAL_MS: integer({ default: 5000, min: 20, max: 3_600_000 }),
    PUBLISH_SWEEP_INTERVAL_MS: integer({ default: 5000, min: 50, max: 600_000 }),
    OFFERS_INTERVAL_MS: integer({ default: 1000, min: 20, max: 600_000 }),
    OFFER_DURATION_MS: integer({ default: 24 * 3_600_000, min: 100, max: 30 * 24 * 3_600_000 }),
    OFFERS_PER_AUCTION_MAX: integer({ default: 3, min: 0, max: 20 })
  })
  return {
    sealing: read.SEALING_KEY === undefined ? null : sealingKeysFrom(read.SEALING_KEY.reveal()),
    commit: { attemptTimeoutMs: read.COMMIT_ATTEMPT_TIMEOUT_MS, commitTimeoutMs: read.COMMIT_TIMEOUT_MS },
    house: {
      entryBidsMax: read.ENTRY_BIDS_MAX,
      entryBytesMax: read.ENTRY_BYTES_MAX,
      waitingMax: read.WAITING_BIDS_MAX,
      booksMax: read.AUCTIONS_HELD_MAX,
      recentBidsMax: read.RECENT_BIDS_MAX,
      pageBytesMax: read.LEDGER_PAGE_BYTES_MAX
    },
    schedule: {
      closeIntervalMs: read.CLOSE_SCAN_INTERVAL_MS,
      closeMax: read.CLOSE_SCAN_MAX,
      listingIntervalMs: read.LISTING_INTERVAL_MS,
      sweepIntervalMs: read.PUBLISH_SWEEP_INTERVAL_MS,
      offersIntervalMs: read.OFFERS_INTERVAL_MS,
      creditIntervalMs: read.CREDIT_SWEEP_INTERVAL_MS,
      crowdIntervalMs: read.CROWD_INTERVAL_MS,
      ledgerCheckIntervalMs: read.LEDGER_CHECK_INTERVAL_MS
    },
    publish: {
      roundAuctionsMax: read.PUBLISH_ROUND_AUCTIONS_MAX,
      roundBytesMax: read.PUBLISH_ROUND_BYTES_MAX,
      backlogBytesMax: read.PUBLISH_BACKLOG_BYTES_MAX,
      roundIntervalMs: read.PUBLISH_ROUND_INTERVAL_MS,
      retryDelayMs: 100,
      retryDelayMaxMs: 3000
    },
    credit: { defaultMinor: read.CREDIT_LIMIT_DEFAULT_MINOR ?? null, pendingMs: read.CREDIT_PENDING_MS },
    crowd: { endingSoonMs: read.ENDING_SOON_MS },
    offers: { durationMs: read.OFFER_DURATION_MS, perAuctionMax: read.OFFERS_PER_AUCTION_MAX }
  } as const
}

export type BiddingConfig = ReturnType<typeof readBiddingConfig>
export const readBiddingConfig = (env: Environment) =>
  readAll({
    http: () => httpConfig(env),
    mongo: () => mongoConfig({ MONGODB_DATABASE: 'bidding', ...env }),
    kafka: () => kafkaConfig(env),
    auth: () => authConfig(env),
    telemetry: () => telemetryConfig(env),
    statements: () => statementsConfig(env),
    bidding: () => biddingConfig(env)
  })
export const config = (): BiddingConfig => readBiddingConfig(process.env)
