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

export type InventoryConfig = ReturnType<typeof readInventoryConfig>

export function readInventoryConfig(env: Environment = process.env) {
  const { cache, ...groups } = readAll({
    http: () => httpConfig(env),
    kafka: () => kafkaConfig(env),
    postgres: () => postgresConfig(env),
    redis: () => redisConfig(env),
    auth: () => authConfig(env),
    telemetry: () => telemetryConfig(env),
    cache: () =>
      readConfig(env, {
        /** The oldest figure a read may show after Redis missed a renewal. */
        STOCK_CACHE_TTL_MS: integer({ default: 5_000, min: 100, max: 3_600_000 })
      })
  })
  return { ...groups, cacheTtlMs: cache.STOCK_CACHE_TTL_MS } as const
}
