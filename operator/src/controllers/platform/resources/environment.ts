import { readKeySet } from '@gavel/contracts/api/identity.ts'
import type { ServiceDefinition } from '@gavel/contracts/services.ts'
import { servicePort, type BuildContext } from './metadata.ts'
import { drainMs } from './pod.ts'
import { secretVariables, sendsMail } from './secrets.ts'

/** Whether a service checks tokens itself: by the same keys the gateway uses. */
const checksTokens = ({ name, operations, stores }: ServiceDefinition): boolean =>
  name !== 'identity' && stores.length > 0 && operations.some(({ role }) => role !== 'public')

/** Where a pod finds its settings; they are followed while it runs. */
export const settingsFolder = '/etc/gavel'
export const settingsFile = 'settings.json'

/** What a service is told that is no secret, and where its secrets are: a ConfigMap. The names are those its config.ts reads. */
export function plainVariables(context: BuildContext, service: ServiceDefinition): Record<string, string> {
  const { spec } = context
  const { name, stores } = service
  const { kafka } = spec.backends
  const { issuer, audience } = spec.identity
  return {
    PORT: String(servicePort),
    DRAIN_TIMEOUT_MS: String(drainMs),
    SETTINGS_FILE: `${settingsFolder}/${settingsFile}`,
    ...(spec.gateway?.origins?.length ? { ALLOWED_ORIGINS: spec.gateway.origins.join(',') } : {}),
    ...(spec.telemetry ? { OTEL_EXPORTER_OTLP_ENDPOINT: spec.telemetry.otlpEndpoint } : {}),
    ...(spec.telemetry
      ? {
          OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
          OTEL_TRACES_SAMPLER_ARG: String((spec.telemetry.samplingPercent ?? 10) / 100)
        }
      : {}),
    ...(stores.includes('kafka') ? { KAFKA_BROKERS: kafka.brokers.join(',') } : {}),
    // Every service ships its log, those too that have nothing else to do with Kafka.
    LOG_KAFKA_BROKERS: kafka.brokers.join(','),
    ...(kafka.topicPrefix ? { KAFKA_TOPIC_PREFIX: kafka.topicPrefix } : {}),
    ...(stores.includes('mongodb') ? { MONGODB_DATABASE: name } : {}),
    ...(stores.includes('redis') ? { REDIS_KEY_PREFIX: `${name}:` } : {}),
    ...(issuer === undefined || !(checksTokens(service) || name === 'identity') ? {} : { TOKEN_ISSUER: issuer }),
    ...(audience === undefined || !(checksTokens(service) || name === 'identity') ? {} : { TOKEN_AUDIENCE: audience }),
    ...(checksTokens(service) ? { JWKS_URL: `http://identity:${servicePort}${readKeySet.path}` } : {}),
    ...Object.fromEntries(
      (service.calls ?? []).map((other) => [`${other.toUpperCase()}_URL`, `http://${other}:${servicePort}`])
    ),
    ...(name === 'payment' ? { PROVIDER_URL: spec.payment.provider.url } : {}),
    ...(sendsMail(name) && spec.mail.from !== undefined ? { MAIL_FROM: spec.mail.from } : {}),
    ...secretVariables(context, service),
    ...spec.services?.[name]?.env
  }
}
