import {
  httpConfig,
  integer,
  kafkaConfig,
  optional,
  postgresConfig,
  readAll,
  readConfig,
  secret,
  telemetryConfig,
  text,
  url,
  type Environment
} from '@gavel/platform/config.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

const isEncryptionKey = (raw: string): void => {
  if (Buffer.from(raw, 'base64').length !== 32) throw new Error('must be 32 bytes in base64: openssl rand -base64 32')
}

const isAddress = (raw: string): void => {
  if (!/^\s*[^\s@]+@[^\s@]+\s*$/.test(raw)) throw new Error('must be an e-mail address')
}

export type Config = ReturnType<typeof identityConfig>
export function identityConfig(env: Environment = process.env) {
  return readAll({
    http: () => httpConfig(env),
    kafka: () => kafkaConfig(env),
    postgres: () => postgresConfig(env),
    telemetry: () => telemetryConfig(env),
    tokens: () => tokensConfig(env),
    keys: () => keysConfig(env),
    admin: () => adminConfig(env),
    upkeep: () => upkeepConfig(env),
    load: () => loadConfig(env),
    mail: () => mailConfig(env)
  })
}

function tokensConfig(env: Environment) {
  const read = readConfig(env, {
    TOKEN_ISSUER: text({ default: 'https://gavel.dev' }),
    TOKEN_AUDIENCE: text({ default: 'gavel' }),
    ACCESS_TOKEN_LIFETIME_MS: integer({ default: 10 * MINUTE_MS, min: 1_000, max: 60 * MINUTE_MS })
  })
  return {
    issuer: read.TOKEN_ISSUER,
    audience: read.TOKEN_AUDIENCE,
    lifetimeMs: read.ACCESS_TOKEN_LIFETIME_MS
  } as const
}

function keysConfig(env: Environment) {
  const read = readConfig(env, {
    KEY_ENCRYPTION_KEY: secret({ check: isEncryptionKey }),
    // Two of the gateway's ten minutes between fetches of the key set.
    KEY_PROPAGATION_MS: integer({ default: 20 * MINUTE_MS, min: 0, max: 7 * DAY_MS }),
    KEY_MAX_AGE_MS: integer({ default: 30 * DAY_MS, min: MINUTE_MS, max: 3650 * DAY_MS })
  })
  return {
    encryptionKey: read.KEY_ENCRYPTION_KEY,
    propagationMs: read.KEY_PROPAGATION_MS,
    maxAgeMs: read.KEY_MAX_AGE_MS
  } as const
}

function adminConfig(env: Environment) {
  const read = readConfig(env, {
    // Beside its password, from wherever that is.
    ADMIN_EMAIL: optional(secret({ check: isAddress })),
    ADMIN_PASSWORD: optional(secret())
  })
  return { email: read.ADMIN_EMAIL, password: read.ADMIN_PASSWORD } as const
}

function upkeepConfig(env: Environment) {
  const read = readConfig(env, { UPKEEP_INTERVAL_MS: integer({ default: MINUTE_MS, min: 100, max: 60 * MINUTE_MS }) })
  return { intervalMs: read.UPKEEP_INTERVAL_MS } as const
}

function loadConfig(env: Environment) {
  // Less than the gateway waits for an answer.
  const read = readConfig(env, {
    PASSWORD_WAIT_MAX_MS: integer({ default: 8_000, min: 100, max: 10 * MINUTE_MS }),
    // Of one client address, before it must wait. An office may be behind it.
    ADDRESS_FAILURES_FREE: integer({ default: 30, min: 1, max: 1_000_000 })
  })
  return { passwordWaitMaxMs: read.PASSWORD_WAIT_MAX_MS, addressFailuresFree: read.ADDRESS_FAILURES_FREE } as const
}

function mailConfig(env: Environment) {
  const read = readConfig(env, {
    /** smtp://user:password@host:587, or smtps://. Without it mails wait in the queue. */
    SMTP_URL: optional(secret()),
    MAIL_FROM: text({ default: 'Gavel <gavel@localhost>' }),
    /** Where the pages are, for the links in mails. */
    PUBLIC_URL: url({ protocols: ['http', 'https'], default: 'http://127.0.0.1:8080' }),
    MAIL_POLL_MS: integer({ default: 1_000, min: 10, max: 60_000 }),
    MAIL_LEASE_MS: integer({ default: 60_000, min: 1_000, max: 60 * MINUTE_MS })
  })
  return {
    smtpUrl: read.SMTP_URL,
    from: read.MAIL_FROM,
    publicUrl: read.PUBLIC_URL,
    pollMs: read.MAIL_POLL_MS,
    leaseMs: read.MAIL_LEASE_MS
  } as const
}
