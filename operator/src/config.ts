import { hostname } from 'node:os'
import {
  flag,
  integer,
  list,
  oneOf,
  optional,
  port,
  readConfig,
  text,
  type Environment
} from '@gavel/platform/config.ts'

/** The operator's configuration; the API server's address and credentials come from `KUBECONFIG` or the pod's service account. */
export type OperatorConfig = ReturnType<typeof operatorConfig>
export function operatorConfig(env: Environment = process.env) {
  const read = readConfig(env, {
    /** Where the operator itself runs: its lease and its canary are there. */
    POD_NAMESPACE: text({ default: 'default' }),
    POD_NAME: text({ default: hostname() }),
    /** With it, what is made for this pod alone goes with the pod. */
    POD_UID: optional(text()),
    /** The one namespace to look after; all of them when absent. */
    WATCH_NAMESPACE: optional(text()),
    KAFKA_BROKERS: list(),
    HOST: text({ default: '0.0.0.0' }),
    PORT: port({ default: 8080 }),
    LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], { default: 'info' }),
    /** Without it only one replica may run. */
    LEADER_ELECTION: flag({ default: true }),
    LEASE_NAME: text({ default: 'gavel-operator' }),
    LEASE_MS: integer({ default: 15_000, min: 1_000, max: 300_000 }),
    LEASE_RETRY_MS: integer({ default: 2_000, min: 100, max: 60_000 }),
    /** Keys that a KafkaTopic may set; any when absent. */
    TOPIC_CONFIG_ALLOWED: optional(list()),
    TOPIC_DRIFT_MS: integer({ default: 8_000, min: 500, max: 600_000 })
  })
  return {
    namespace: read.POD_NAMESPACE,
    instance: read.POD_NAME.toLowerCase(),
    pod: read.POD_UID === undefined ? undefined : { name: read.POD_NAME, uid: read.POD_UID },
    watchNamespace: read.WATCH_NAMESPACE,
    kafkaBrokers: read.KAFKA_BROKERS,
    health: { host: read.HOST, port: read.PORT },
    logLevel: read.LOG_LEVEL,
    election: read.LEADER_ELECTION
      ? {
          namespace: read.POD_NAMESPACE,
          name: read.LEASE_NAME,
          leaseMs: read.LEASE_MS,
          // A leader that cannot renew stops well before another may take over.
          renewDeadlineMs: Math.floor((read.LEASE_MS * 2) / 3),
          retryMs: read.LEASE_RETRY_MS
        }
      : undefined,
    topics: {
      configAllowList: read.TOPIC_CONFIG_ALLOWED && [...read.TOPIC_CONFIG_ALLOWED],
      driftMs: read.TOPIC_DRIFT_MS
    }
  } as const
}
