import {
  authConfig,
  integer,
  httpConfig,
  kafkaConfig,
  postgresConfig,
  readAll,
  readConfig,
  redisConfig,
  telemetryConfig,
  type Environment,
  url
} from '@gavel/platform/config.ts'

export type Config = ReturnType<typeof catalogConfig>
export function catalogConfig(env: Environment = process.env) {
  const { rebuild, ...groups } = readAll({
    http: () => httpConfig(env),
    auth: () => authConfig(env),
    kafka: () => kafkaConfig(env),
    postgres: () => postgresConfig(env),
    redis: () => redisConfig(env),
    telemetry: () => telemetryConfig(env),
    rebuild: () =>
      readConfig(env, {
        /** Where the search is built from when it is built anew. */
        EVENTLOG_URL: url({ protocols: ['http', 'https'] }),
        /** How long building meets a fault with another attempt before it stands still. */
        REBUILD_PATIENCE_MS: integer({ default: 60_000, min: 100, max: 3_600_000 })
      })
  })
  return { ...groups, eventlogUrl: rebuild.EVENTLOG_URL, rebuildPatienceMs: rebuild.REBUILD_PATIENCE_MS } as const
}
