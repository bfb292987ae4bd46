import { join } from 'node:path'
import { readKeySet } from '@gavel/contracts/api/identity.ts'
import { type ServiceDefinition, services } from '@gavel/contracts/services.ts'
import type { BackendUrls } from './backends/all.ts'
import { type Ports, processName, type Replicas } from './port-table.ts'
import type { Admin, Secrets } from './secrets.ts'

export type Variables = Record<string, string>

export type ProcessPlan = {
  name: string
  /** Below services/. */
  entry: string
  port: number
  /** Answers 200 when the process can do its work; without it, listening is enough. */
  readyPath?: string
  env: Variables
}

export type PlanInput = {
  urls: BackendUrls
  ports: Ports
  replicas: Replicas
  secrets: Secrets
  admin: Admin
  data: string
  /** Which services; all of them where it is silent. */
  only?: readonly string[]
  /** For every process, and for those of one service; the latter win. */
  env?: Variables
  serviceEnv?: Readonly<Record<string, Variables>>
}

/** Spans go to this address by OTLP over HTTP, of so many of a hundred traces. */
export type Tracing = { otlpEndpoint: string; samplingPercent: number }

/** OpenTelemetry's own names: the SDK reads them. */
export const tracingVariables = (tracing: Tracing | undefined): Variables =>
  tracing === undefined
    ? {}
    : {
        OTEL_EXPORTER_OTLP_ENDPOINT: tracing.otlpEndpoint,
        OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
        OTEL_TRACES_SAMPLER_ARG: String(tracing.samplingPercent / 100)
      }

const at = (port: number | undefined): string => `http://127.0.0.1:${port}`

/** The same URL with a database name in it, whatever parameters it carries. */
export function withDatabase(url: string, database: string): string {
  const whole = new URL(url)
  whole.pathname = `/${database}`
  return whole.href
}

function storeVariables({ name, stores }: ServiceDefinition, urls: BackendUrls): Variables {
  return {
    ...(stores.includes('kafka') && { KAFKA_BROKERS: urls.kafka }),
    ...(stores.includes('postgres') && { POSTGRES_URL: withDatabase(urls.postgres, name) }),
    ...(stores.includes('mongodb') && { MONGODB_URL: urls.mongodb, MONGODB_DATABASE: name }),
    ...(stores.includes('redis') && { REDIS_URL: urls.redis, REDIS_KEY_PREFIX: `${name}:` })
  }
}

/** What one service needs beyond its stores. A service is given its own secrets and no other's. */
function ownVariables(name: string, input: PlanInput): Variables {
  const { ports, secrets, admin } = input
  switch (name) {
    case 'identity':
      return {
        ADMIN_EMAIL: admin.email,
        ADMIN_PASSWORD: admin.password,
        KEY_ENCRYPTION_KEY: secrets.keyEncryptionKey,
        SMTP_URL: `smtp://127.0.0.1:${ports['smtp']}`,
        PUBLIC_URL: at(ports['gateway']),
        // On one machine every client has the same address.
        ADDRESS_FAILURES_FREE: '10000'
      }
    case 'bidding':
      return { SEALING_KEY: secrets.sealingKey }
    case 'payment':
      return { PROVIDER_URL: at(ports['provider']), PROVIDER_API_KEY: secrets.providerApiKey }
    case 'notification':
      return { SMTP_URL: `smtp://127.0.0.1:${ports['smtp']}` }
    case 'health':
      return Object.fromEntries(
        services
          .filter((each) => each.name !== name)
          .map((each) => [`SERVICE_${each.name.toUpperCase()}_URL`, at(ports[each.name])])
      )
    default:
      return {}
  }
}

function planService(service: ServiceDefinition, index: number, input: PlanInput): ProcessPlan {
  const name = processName(service.name, index)
  const gateway = input.ports['gateway']
  const port = input.ports[name]!
  const env = {
    HOST: '127.0.0.1',
    PORT: String(port),
    LOG_KAFKA_BROKERS: input.urls.kafka,
    SETTINGS_FILE: join(input.data, 'settings', `${service.name}.json`),
    JWKS_URL: `${at(input.ports['identity'])}${readKeySet.path}`,
    ALLOWED_ORIGINS: `http://127.0.0.1:${gateway},http://localhost:${gateway}`,
    ...storeVariables(service, input.urls),
    ...Object.fromEntries((service.calls ?? []).map((other) => [`${other.toUpperCase()}_URL`, at(input.ports[other])])),
    ...ownVariables(service.name, input),
    ...input.env,
    ...input.serviceEnv?.[service.name]
  }
  // The health service answers for the others: it is not ready before they are, but it can be asked.
  const readyPath = service.name === 'health' ? '/livez' : '/readyz'
  return { name, entry: `${service.name}/src/main.ts`, port, readyPath, env }
}

/** Every process of ours, in the order they are listed: pure, so that it can be read and tested without starting one. */
export function planProcesses(input: PlanInput): ProcessPlan[] {
  const { ports, secrets, data, replicas, only, env } = input
  const own = (name: string, entry: string, more: Variables): ProcessPlan => {
    const port = ports[name]!
    return {
      name,
      entry,
      port,
      env: { HOST: '127.0.0.1', PORT: String(port), ...more, ...env, ...input.serviceEnv?.[name] }
    }
  }
  const around = [
    own('provider', 'payment/src/sandbox/main.ts', {
      API_KEY: secrets.providerApiKey,
      DATA_FILE: join(data, 'payment-sandbox.jsonl')
    }),
    own('mail', 'standalone/src/inbox/main.ts', {
      SMTP_PORT: String(ports['smtp']),
      DATA_DIRECTORY: join(data, 'mail')
    })
  ]
  const chosen = services.filter(({ name }) => !only || only.includes(name))
  const ours = chosen.flatMap((service) =>
    Array.from({ length: replicas[service.name] ?? 1 }, (_, index) => planService(service, index, input))
  )
  return [...around, ...ours]
}
