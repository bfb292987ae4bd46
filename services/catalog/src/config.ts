import {
  authConfig,
  httpConfig,
  kafkaConfig,
  postgresConfig,
  readAll,
  redisConfig,
  telemetryConfig,
  type Environment
} from '@gavel/platform/config.ts'

export type Config = ReturnType<typeof catalogConfig>
export const catalogConfig = (env: Environment = process.env) =>
  readAll({
    http: () => httpConfig(env),
    auth: () => authConfig(env),
    kafka: () => kafkaConfig(env),
    postgres: () => postgresConfig(env),
    redis: () => redisConfig(env),
    telemetry: () => telemetryConfig(env)
  })
