import {
  authConfig,
  httpConfig,
  integer,
  kafkaConfig,
  mongoConfig,
  readAll,
  readConfig,
  telemetryConfig,
  type Environment
} from '@gavel/platform/config.ts'

const DAY_MS = 24 * 60 * 60 * 1000

function ownConfig(env: Environment) {
  const read = readConfig(env, {
    /** After so long a line is removed. */
    LOGS_RETENTION_MS: integer({ default: 7 * DAY_MS, min: 60_000, max: 3650 * DAY_MS }),
    TRACES_MAX: integer({ default: 50, min: 1, max: 10_000 }),
    /** Lines and bytes that wait for one reader of the live trace; beyond them the oldest are left out. */
    TRACE_QUEUE_LINES: integer({ default: 2_000, min: 10, max: 100_000 }),
    TRACE_QUEUE_BYTES: integer({ default: 2 * 1024 * 1024, min: 16_384, max: 64 * 1024 * 1024 }),
    /** Bytes handed to one socket before the rest waits in the queue. */
    TRACE_BUFFER_BYTES: integer({ default: 128 * 1024, min: 1_024, max: 16 * 1024 * 1024 }),
    /** How long a reader may take nothing at all before it is cut off. */
    TRACE_STALL_MS: integer({ default: 30_000, min: 100, max: 600_000 })
  })
  return {
    retentionMs: read.LOGS_RETENTION_MS,
    traces: {
      max: read.TRACES_MAX,
      queueLinesMax: read.TRACE_QUEUE_LINES,
      queueBytesMax: read.TRACE_QUEUE_BYTES,
      bufferBytesMax: read.TRACE_BUFFER_BYTES,
      stallMs: read.TRACE_STALL_MS
    }
  } as const
}

export function readLogsConfig(env: Environment = process.env) {
  const { own, ...groups } = readAll({
    http: () => httpConfig(env),
    kafka: () => kafkaConfig(env),
    mongo: () => mongoConfig(env),
    auth: () => authConfig(env),
    telemetry: () => telemetryConfig(env),
    own: () => ownConfig(env)
  })
  return { ...groups, ...own } as const
}
