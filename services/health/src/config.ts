import { services } from '@gavel/contracts/services.ts'
import {
  authConfig,
  httpConfig,
  integer,
  kafkaConfig,
  readAll,
  readConfig,
  redisConfig,
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

function groupsConfig(env: Environment) {
  const read = readConfig(env, {
    HEALTH_GROUPS_INTERVAL_MS: integer({ default: 2_000, min: 100, max: 300_000 }),
    /** Members that every group must have. More than one is for a platform that never runs a service once. */
    HEALTH_MEMBERS_MIN: integer({ default: 1, min: 1, max: 1_000 }),
    /** How long a partition with messages to read may stand still. */
    HEALTH_STUCK_MS: integer({ default: 60_000, min: 100, max: 86_400_000 })
  })
  return {
    intervalMs: read.HEALTH_GROUPS_INTERVAL_MS,
    membersMin: read.HEALTH_MEMBERS_MIN,
    stuckMs: read.HEALTH_STUCK_MS
  } as const
}

function historyConfig(env: Environment) {
  const read = readConfig(env, {
    HEALTH_RECORD_INTERVAL_MS: integer({ default: 1_000, min: 50, max: 60_000 }),
    /** After so long without a word from the process that writes, another one does. */
    HEALTH_LEAD_MS: integer({ default: 10_000, min: 500, max: 300_000 })
  })
  return { intervalMs: read.HEALTH_RECORD_INTERVAL_MS, leadMs: read.HEALTH_LEAD_MS } as const
}

function streamsConfig(env: Environment) {
  const read = readConfig(env, {
    STREAMS_MAX: integer({ default: 50, min: 1, max: 10_000 }),
    STREAM_HEARTBEAT_MS: integer({ default: 15_000, min: 100, max: 60_000 }),
    STREAM_STALL_MS: integer({ default: 30_000, min: 100, max: 10 * 60_000 }),
    STREAM_POLL_MS: integer({ default: 500, min: 20, max: 60_000 })
  })
  return {
    streamsMax: read.STREAMS_MAX,
    heartbeatMs: read.STREAM_HEARTBEAT_MS,
    stallMs: read.STREAM_STALL_MS,
    pollMs: read.STREAM_POLL_MS
  } as const
}

export type Config = ReturnType<typeof healthConfig>
export const healthConfig = (env: Environment = process.env) =>
  readAll({
    http: () => httpConfig(env),
    services: () => servicesConfig(env),
    watch: () => watchConfig(env),
    groups: () => groupsConfig(env),
    history: () => historyConfig(env),
    streams: () => streamsConfig(env),
    kafka: () => kafkaConfig(env),
    redis: () => redisConfig(env),
    auth: () => authConfig(env),
    telemetry: () => telemetryConfig(env)
  })
