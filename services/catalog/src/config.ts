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

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

export type Config = ReturnType<typeof catalogConfig>
export function catalogConfig(env: Environment = process.env) {
  const { rebuild, imports, ...groups } = readAll({
    // Longer than the gateway gives a file: a smaller body it sends on whole.
    http: () => httpConfig({ REQUEST_TIMEOUT_MS: '75000', ...env }),
    auth: () => authConfig(env),
    kafka: () => kafkaConfig(env),
    postgres: () => postgresConfig(env),
    redis: () => redisConfig(env),
    telemetry: () => telemetryConfig(env),
    imports: () =>
      readConfig(env, {
        /** How long an import and its report are kept. */
        IMPORT_RETENTION_MS: integer({ default: 30 * DAY_MS, min: MINUTE_MS, max: 365 * DAY_MS }),
        /** How long an upload may bring nothing before it is broken off. */
        IMPORT_ABANDONED_MS: integer({ default: 5 * MINUTE_MS, min: 100, max: DAY_MS })
      }),
    rebuild: () =>
      readConfig(env, {
        /** Where the search is built from when it is built anew. */
        EVENTLOG_URL: url({ protocols: ['http', 'https'] }),
        /** How long building meets a fault with another attempt before it stands still. */
        REBUILD_PATIENCE_MS: integer({ default: 60_000, min: 100, max: 3_600_000 })
      })
  })
  return {
    ...groups,
    imports: {
      retentionMs: imports.IMPORT_RETENTION_MS,
      abandonedMs: imports.IMPORT_ABANDONED_MS,
      everyMs: MINUTE_MS
    },
    eventlogUrl: rebuild.EVENTLOG_URL,
    rebuildPatienceMs: rebuild.REBUILD_PATIENCE_MS
  } as const
}
