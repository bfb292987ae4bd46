import { services } from '@gavel/contracts/services.ts'
import {
  httpConfig,
  integer,
  readAll,
  readConfig,
  telemetryConfig,
  url,
  type Environment
} from '@gavel/platform/config.ts'

/** Every service but this one, which answers by answering. */
const watched = services.map(({ name }) => name).filter((name) => name !== 'health')

const variable = (name: string): string => `SERVICE_${name.toUpperCase().replaceAll('-', '_')}_URL`

/** In a cluster a service is found by its name; on one machine each has a port of its own, given here. */
function servicesConfig(env: Environment): Record<string, string> {
  const fields = Object.fromEntries(
    watched.map((name) => [variable(name), url({ default: `http://${name}:8080`, protocols: ['http', 'https'] })])
  )
  const read = readConfig(env, fields)
  return Object.fromEntries(watched.map((name) => [name, (read[variable(name)] ?? '').replace(/\/$/, '')]))
}

function watchConfig(env: Environment) {
  const read = readConfig(env, {
    HEALTH_INTERVAL_MS: integer({ default: 5_000, min: 200, max: 300_000 }),
    HEALTH_TIMEOUT_MS: integer({ default: 3_000, min: 50, max: 60_000 }),
    HEALTH_FRESH_MS: integer({ default: 500, min: 0, max: 60_000 })
  })
  return {
    intervalMs: read.HEALTH_INTERVAL_MS,
    timeoutMs: read.HEALTH_TIMEOUT_MS,
    freshMs: read.HEALTH_FRESH_MS
  } as const
}

export type Config = ReturnType<typeof healthConfig>
export const healthConfig = (env: Environment = process.env) =>
  readAll({
    http: () => httpConfig(env),
    services: () => servicesConfig(env),
    watch: () => watchConfig(env),
    telemetry: () => telemetryConfig(env)
  })
