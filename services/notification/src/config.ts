import {
  authConfig,
  flag,
  httpConfig,
  integer,
  kafkaConfig,
  mongoConfig,
  readAll,
  readConfig,
  secret,
  telemetryConfig,
  text,
  type Environment
} from '@gavel/platform/config.ts'

const DAY_MS = 24 * 60 * 60 * 1000

export type NotificationConfig = ReturnType<typeof readNotificationConfig>

export function readNotificationConfig(env: Environment = process.env) {
  const { mail, live, ...groups } = readAll({
    http: () => httpConfig(env),
    kafka: () => kafkaConfig(env),
    mongo: () => mongoConfig(env),
    auth: () => authConfig(env),
    telemetry: () => telemetryConfig(env),
    mail: () =>
      readConfig(env, {
        /** smtp://user:password@host:587, or smtps:// */
        SMTP_URL: secret(),
        MAIL_FROM: text({ default: 'Gavel <gavel@localhost>' }),
        MAIL_OUTBID: flag({ default: false }),
        MAIL_CONCURRENCY: integer({ default: 4, min: 1, max: 50 }),
        MAIL_ATTEMPTS_MAX: integer({ default: 12, min: 1, max: 100 }),
        MAIL_LEASE_MS: integer({ default: 60_000, min: 1_000, max: 3_600_000 }),
        MAIL_POLL_MS: integer({ default: 1_000, min: 10, max: 60_000 })
      }),
    live: () =>
      readConfig(env, {
        LIVE_BUFFER_BYTES: integer({ default: 128 * 1024, min: 1_024, max: 16 * 1024 * 1024 }),
        LIVE_BEHIND_MS: integer({ default: 30_000, min: 100, max: 600_000 }),
        LIVE_TIME_MS: integer({ default: 15_000, min: 100, max: 600_000 }),
        LIVE_RECONCILE_MS: integer({ default: 2_000, min: 50, max: 60_000 }),
        NOTIFICATION_RETENTION_MS: integer({ default: 365 * DAY_MS, min: DAY_MS })
      })
  })
  return {
    ...groups,
    mail: {
      smtpUrl: mail.SMTP_URL,
      from: mail.MAIL_FROM,
      outbid: mail.MAIL_OUTBID,
      concurrency: mail.MAIL_CONCURRENCY,
      attemptsMax: mail.MAIL_ATTEMPTS_MAX,
      leaseMs: mail.MAIL_LEASE_MS,
      pollMs: mail.MAIL_POLL_MS
    },
    live: {
      bufferBytesMax: live.LIVE_BUFFER_BYTES,
      behindMsMax: live.LIVE_BEHIND_MS,
      timeEveryMs: live.LIVE_TIME_MS,
      reconcileMs: live.LIVE_RECONCILE_MS
    },
    retentionMs: live.NOTIFICATION_RETENTION_MS
  } as const
}
