import {
  authConfig,
  httpConfig,
  integer,
  kafkaConfig,
  postgresConfig,
  readAll,
  readConfig,
  redisConfig,
  telemetryConfig,
  type Environment
} from '@gavel/platform/config.ts'
import { statementsConfig } from '@gavel/platform/statements.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

export type InventoryConfig = ReturnType<typeof readInventoryConfig>

export function readInventoryConfig(env: Environment = process.env) {
  const { cache, expiry, ...groups } = readAll({
    http: () => httpConfig(env),
    kafka: () => kafkaConfig(env),
    postgres: () => postgresConfig(env),
    redis: () => redisConfig(env),
    auth: () => authConfig(env),
    telemetry: () => telemetryConfig(env),
    statements: () => statementsConfig(env),
    cache: () =>
      readConfig(env, {
        /** The oldest figure that a read may show. */
        STOCK_CACHE_BOUND_MS: integer({ default: 2_000, min: 100, max: 3_600_000 }),
        /** How long a product that does not change stays in the cache. */
        STOCK_CACHE_TTL_MS: integer({ default: MINUTE_MS, min: 1_000, max: 3_600_000 })
      }),
    expiry: () =>
      readConfig(env, {
        /** Longer than all of order's time-outs together, or it asks about sales that are on their way. */
        RESERVATION_TTL_MS: integer({ default: 45 * MINUTE_MS, min: 100, max: 90 * DAY_MS }),
        RESERVATION_ASK_AGAIN_MS: integer({ default: 5 * MINUTE_MS, min: 100, max: DAY_MS }),
        EXPIRY_SWEEP_INTERVAL_MS: integer({ default: 10_000, min: 10, max: 10 * MINUTE_MS })
      })
  })
  return {
    ...groups,
    cache: { boundMs: cache.STOCK_CACHE_BOUND_MS, ttlMs: cache.STOCK_CACHE_TTL_MS },
    terms: {
      reservationTtlMs: expiry.RESERVATION_TTL_MS,
      againMs: expiry.RESERVATION_ASK_AGAIN_MS,
      sweepIntervalMs: expiry.EXPIRY_SWEEP_INTERVAL_MS
    }
  } as const
}
