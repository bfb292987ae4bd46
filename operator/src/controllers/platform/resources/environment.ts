import { readKeySet } from '@gavel/contracts/api/identity.ts'
import type { ServiceDefinition } from '@gavel/contracts/services.ts'
import { servicePort, type BuildContext } from './metadata.ts'
import { drainMs } from './pod.ts'

/** As a container's `env` wants it. */
export type Variable =
  { name: string; value: string } | { name: string; valueFrom: { secretKeyRef: { name: string; key: string } } }

const fromSecret = (name: string, secret: { name: string; key?: string | undefined }, key: string): Variable => ({
  name,
  valueFrom: { secretKeyRef: { name: secret.name, key: secret.key ?? key } }
})

/** A store's URL from its Secret. The kubelet puts the value into the template, so that the operator never sees it. */
function storeUrl(
  name: string,
  service: string,
  store: { secretRef: { name: string; key?: string | undefined }; urlTemplate?: string | undefined },
  template: string
): Variable[] {
  const named = { ...store.secretRef, name: store.secretRef.name.replaceAll('{service}', service) }
  const filled = (store.urlTemplate ?? template).replaceAll('{service}', service)
  if (filled === '$(SECRET)') return [fromSecret(name, named, 'url')]
  const secret = `${name}_SECRET`
  return [fromSecret(secret, named, 'url'), { name, value: filled.replaceAll('$(SECRET)', `$(${secret})`) }]
}

/** Whether a service checks tokens itself: by the same keys the gateway uses. */
const checksTokens = ({ name, operations, stores }: ServiceDefinition): boolean =>
  name !== 'identity' && stores.length > 0 && operations.some(({ role }) => role !== 'public')

/** Where a pod finds its settings; they are followed while it runs. */
export const settingsFolder = '/etc/gavel'
export const settingsFile = 'settings.json'

/** identity by itself: what its mails prove must be in no event. */
export const sendsMail = (name: string): boolean => name === 'notification' || name === 'identity'

/** What a service is told that is no secret: a ConfigMap. The names are those its config.ts reads. */
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
    ...spec.services?.[name]?.env
  }
}

/** What a service is told that comes out of Secrets. A service is given its own and no other's. */
export function secretVariables({ spec }: BuildContext, { name, stores }: ServiceDefinition): Variable[] {
  const { backends, identity, bidding, payment, mail } = spec
  return [
    ...(stores.includes('postgres') ? storeUrl('POSTGRES_URL', name, backends.postgres, '$(SECRET)/{service}') : []),
    ...(stores.includes('mongodb') ? storeUrl('MONGODB_URL', name, backends.mongodb, '$(SECRET)') : []),
    ...(stores.includes('redis') ? storeUrl('REDIS_URL', name, backends.redis, '$(SECRET)') : []),
    ...(name === 'identity' ? [fromSecret('KEY_ENCRYPTION_KEY', identity.keyEncryptionSecretRef, 'key')] : []),
    ...(name === 'identity' && identity.adminSecretRef
      ? [
          fromSecret('ADMIN_EMAIL', { name: identity.adminSecretRef.name, key: 'email' }, 'email'),
          fromSecret('ADMIN_PASSWORD', { name: identity.adminSecretRef.name, key: 'password' }, 'password')
        ]
      : []),
    ...(name === 'bidding' && bidding ? [fromSecret('SEALING_KEY', bidding.sealingKeySecretRef, 'key')] : []),
    ...(name === 'payment' ? [fromSecret('PROVIDER_API_KEY', payment.provider.secretRef, 'apiKey')] : []),
    ...(sendsMail(name) ? [fromSecret('SMTP_URL', mail.secretRef, 'url')] : [])
  ]
}
