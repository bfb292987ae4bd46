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
import { statementsConfig } from '@gavel/platform/statements.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

export type OrderConfig = ReturnType<typeof readOrderConfig>

export function readOrderConfig(env: Environment = process.env) {
  const { saga, ...groups } = readAll({
    http: () => httpConfig(env),
    kafka: () => kafkaConfig(env),
    postgres: () => postgresConfig(env),
    auth: () => authConfig(env),
    telemetry: () => telemetryConfig(env),
    statements: () => statementsConfig(env),
    saga: () =>
      readConfig(env, {
        /** How long inventory may take to answer a sale before it is failed. Generous: nothing is lost by waiting. */
        STOCK_TIMEOUT_MS: integer({ default: 15 * MINUTE_MS, min: 100, max: 30 * DAY_MS }),
        /** How long payment may take once the stock is held. */
        PAYMENT_TIMEOUT_MS: integer({ default: 15 * MINUTE_MS, min: 100, max: 30 * DAY_MS }),
        SWEEP_INTERVAL_MS: integer({ default: 5_000, min: 10, max: 10 * MINUTE_MS }),
        /** Not having been caught up for longer than this is an outage: open sales get the time back. */
        SAGA_OUTAGE_MS: integer({ default: 30_000, min: 100, max: DAY_MS })
      })
  })
  return {
    ...groups,
    sweepIntervalMs: saga.SWEEP_INTERVAL_MS,
    terms: {
      timeouts: { stockMs: saga.STOCK_TIMEOUT_MS, paymentMs: saga.PAYMENT_TIMEOUT_MS },
      outageMs: saga.SAGA_OUTAGE_MS
    }
  } as const
}
