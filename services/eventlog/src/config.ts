import {
  authConfig,
  httpConfig,
  integer,
  kafkaConfig,
  postgresConfig,
  readAll,
  readConfig,
  telemetryConfig,
  type Environment
} from '@gavel/platform/config.ts'

const DAY_MS = 24 * 60 * 60_000

export type EventlogConfig = ReturnType<typeof readEventlogConfig>

export function readEventlogConfig(env: Environment = process.env) {
  const { own, ...groups } = readAll({
    http: () => httpConfig(env),
    kafka: () => kafkaConfig(env),
    postgres: () => postgresConfig(env),
    auth: () => authConfig(env),
    telemetry: () => telemetryConfig(env),
    own: () =>
      readConfig(env, {
        /** Partitions are made for so many months beyond the current one. */
        PARTITION_MONTHS_AHEAD: integer({ default: 2, min: 1, max: 24 }),
        PARTITION_UPKEEP_MS: integer({ default: 60 * 60_000, min: 1_000, max: DAY_MS }),
        /** Figures by the second and by the minute are kept so long; those by the hour and the day for good. */
        STATISTICS_SECONDS_KEPT_MS: integer({ default: 6 * 60 * 60_000, min: 60_000, max: 30 * DAY_MS }),
        STATISTICS_MINUTES_KEPT_MS: integer({ default: 30 * DAY_MS, min: 60 * 60_000, max: 3_650 * DAY_MS }),
        /** A sale that is not over so long after its confirmation is shown as stuck. Most are over in a second. */
        SAGA_STUCK_MS: integer({ default: 5 * 60_000, min: 1_000, max: 30 * DAY_MS }),
        /**
         * What changed so lately is not compared yet: longer than a sale may take, with the time-outs of both of its steps (order), and than
         * clocks differ.
         */
        RECONCILE_AFTER_MS: integer({ default: 31 * 60_000, min: 0, max: 30 * DAY_MS }),
        /** Streams of one process. */
        STREAMS_MAX: integer({ default: 100, min: 1, max: 10_000 }),
        STREAM_HEARTBEAT_MS: integer({ default: 15_000, min: 100, max: 60_000 }),
        /** A client that takes nothing for so long is let go; it comes again and goes on where it was. */
        STREAM_STALL_MS: integer({ default: 30_000, min: 100, max: 10 * 60_000 }),
        /** How often to look for new events where no notice comes. */
        STREAM_POLL_MS: integer({ default: 2_000, min: 50, max: 60_000 })
      })
  })
  return {
    ...groups,
    upkeep: {
      monthsAhead: own.PARTITION_MONTHS_AHEAD,
      everyMs: own.PARTITION_UPKEEP_MS,
      keeping: { secondsMs: own.STATISTICS_SECONDS_KEPT_MS, minutesMs: own.STATISTICS_MINUTES_KEPT_MS }
    },
    stuckMs: own.SAGA_STUCK_MS,
    reconcileAfterMs: own.RECONCILE_AFTER_MS,
    streams: {
      streamsMax: own.STREAMS_MAX,
      heartbeatMs: own.STREAM_HEARTBEAT_MS,
      stallMs: own.STREAM_STALL_MS,
      pollMs: own.STREAM_POLL_MS
    }
  } as const
}
