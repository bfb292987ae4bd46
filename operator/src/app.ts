import { Registry, collectDefaultMetrics } from 'prom-client'
import type { Logger } from '@gavel/platform/log.ts'
import type { OperatorConfig } from './config.ts'
import { addHealthCheckController } from './controllers/health-check/register.ts'
import { healthCheck } from './controllers/health-check/types.ts'
import { addKafkaTopicController } from './controllers/kafka-topic/register.ts'
import { kafkaTopic } from './controllers/kafka-topic/types.ts'
import { addPlatformController } from './controllers/platform/register.ts'
import { addScalerController } from './controllers/scaler/register.ts'
import { scaler } from './controllers/scaler/types.ts'
import { createKafkaAdmin } from './kafka/platformatic-admin.ts'
import { WatchCanary } from './kube/canary.ts'
import { KubeClient } from './kube/client.ts'
import { ControllerRuntime } from './kube/runtime.ts'

export interface Operator {
  runtime: ControllerRuntime
  stop(): Promise<void>
}

/** The operator as a whole: every kind's controller over one client, one runtime and one connection to Kafka. */
export function buildOperator(config: OperatorConfig, log: Logger): Operator {
  const { instance, watchNamespace, topics } = config
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const client = KubeClient.fromEnvironment((verb, kind) => runtime.metrics.requested(verb, kind))
  const canary = new WatchCanary({
    client,
    namespace: config.namespace,
    name: `gavel-operator-canary-${instance}`.slice(0, 63),
    ...(config.pod ? { owner: config.pod } : {}),
    onFault: (fault) => log.warn({ error: fault }, 'The watch canary could not be touched')
  })
  const runtime: ControllerRuntime = new ControllerRuntime({
    client,
    registry,
    health: config.health,
    canary,
    ...(config.election ? { election: config.election } : {}),
    onFault: (where, fault) => log.warn({ error: fault, where }, 'A part of the runtime has a fault')
  })
  const kafka = createKafkaAdmin({ brokers: [...config.kafkaBrokers], clientId: 'gavel-operator' })
  const common = (controller: string) => ({
    runtime,
    client,
    instance,
    ...(watchNamespace === undefined ? {} : { namespace: watchNamespace }),
    onFault: (key: string, fault: unknown) => log.warn({ controller, key, error: fault }, 'Not reconciled; tried again')
  })
  const { configAllowList, driftMs } = topics
  addKafkaTopicController({
    ...common('kafkatopic'),
    admin: kafka,
    driftMs,
    ...(configAllowList ? { configAllowList } : {})
  })
  addScalerController({ ...common('scaler'), admin: kafka })
  addHealthCheckController({ ...common('healthcheck'), kafka })
  addPlatformController({ ...common('platform'), ownKinds: [kafkaTopic, scaler, healthCheck] })
  return {
    runtime,
    stop: async () => {
      await runtime.stop()
      await kafka.close()
    }
  }
}
