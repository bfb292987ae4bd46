import {
  authConfig,
  httpConfig,
  integer,
  kafkaConfig,
  postgresConfig,
  readAll,
  readConfig,
  secret,
  telemetryConfig,
  url,
  type Environment
} from '@gavel/platform/config.ts'
import { statementsConfig } from '@gavel/platform/statements.ts'

export type PaymentConfig = ReturnType<typeof readPaymentConfig>

export function readPaymentConfig(env: Environment = process.env) {
  const { provider, worker, ...groups } = readAll({
    http: () => httpConfig(env),
    kafka: () => kafkaConfig(env),
    postgres: () => postgresConfig(env),
    auth: () => authConfig(env),
    telemetry: () => telemetryConfig(env),
    statements: () => statementsConfig(env),
    provider: () =>
      readConfig(env, {
        PROVIDER_URL: url({ protocols: ['http', 'https'] }),
        PROVIDER_API_KEY: secret(),
        PROVIDER_TIMEOUT_MS: integer({ default: 5_000, min: 100, max: 60_000 }),
        /** Requests for one call; each carries the same idempotency key. */
        PROVIDER_ATTEMPTS: integer({ default: 2, min: 1, max: 5 })
      }),
    worker: () =>
      readConfig(env, {
        PAYMENT_CONCURRENCY: integer({ default: 16, min: 1, max: 200 }),
        PAYMENT_LEASE_MS: integer({ default: 30_000, min: 100, max: 600_000 }),
        /** After this, a capture without an answer is closed and the payment declined. Below the saga's own time-out. */
        CAPTURE_TIMEOUT_MS: integer({ default: 300_000, min: 100, max: 86_400_000 }),
        PAYMENT_RETRY_INITIAL_MS: integer({ default: 250, min: 1, max: 60_000 }),
        PAYMENT_RETRY_MAXIMUM_MS: integer({ default: 30_000, min: 1, max: 3_600_000 }),
        PAYMENT_POLL_MS: integer({ default: 1_000, min: 10, max: 60_000 })
      })
  })
  return {
    ...groups,
    provider: {
      url: provider.PROVIDER_URL,
      apiKey: provider.PROVIDER_API_KEY,
      timeoutMs: provider.PROVIDER_TIMEOUT_MS,
      attempts: provider.PROVIDER_ATTEMPTS
    },
    worker: {
      concurrency: worker.PAYMENT_CONCURRENCY,
      leaseMs: worker.PAYMENT_LEASE_MS,
      captureTimeoutMs: worker.CAPTURE_TIMEOUT_MS,
      retry: { initialMs: worker.PAYMENT_RETRY_INITIAL_MS, maximumMs: worker.PAYMENT_RETRY_MAXIMUM_MS },
      pollMs: worker.PAYMENT_POLL_MS
    }
  } as const
}
