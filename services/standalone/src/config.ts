import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { services } from '@gavel/contracts/services.ts'
import type { BackendUrls } from './backends/all.ts'
import type { Directories } from './backends/backend.ts'
import { StartFailure } from './failure.ts'
import type { Tracing } from './plan.ts'
import { type Ports, portTable, type Replicas, replicasMost } from './port-table.ts'

export const repository = resolve(import.meta.dirname, '../../..')

function text(name: string): string | undefined {
  return process.env[name] || undefined
}

function port(name: string, otherwise: number): number {
  const value = text(name)
  if (value === undefined) return otherwise
  const number = Number(value)
  if (Number.isInteger(number) && number > 0 && number < 65_536) return number
  throw new StartFailure(`${name} is ${value}; it must be a port between 1 and 65535.`)
}

/** The backends of one's own, in the form that the services read too. */
export function givenUrls(): Partial<BackendUrls> {
  const urls = {
    kafka: text('KAFKA_BROKERS'),
    mongodb: text('MONGODB_URL'),
    postgres: text('POSTGRES_URL'),
    redis: text('REDIS_URL')
  }
  return Object.fromEntries(Object.entries(urls).filter(([, url]) => url !== undefined))
}

export function readDirectories(): Directories {
  const home = resolve(text('GAVEL_DIRECTORY') ?? join(repository, '.gavel'))
  const cache = resolve(text('GAVEL_CACHE') ?? join(repository, '.gavel', 'cache'))
  return { cache, data: join(home, 'data'), logs: join(home, 'logs') }
}

/** `GAVEL_REPLICAS=bidding=2,order=2`: how many processes of a service; one where it is silent. */
function readReplicas(): Replicas {
  const replicas: Record<string, number> = {}
  for (const each of (text('GAVEL_REPLICAS') ?? '').split(',').filter(Boolean)) {
    const [name = '', count] = each.split('=')
    const number = Number(count)
    const known = services.some((service) => service.name === name)
    if (!known || !Number.isInteger(number) || number < 1 || number > replicasMost) {
      throw new StartFailure(`GAVEL_REPLICAS has ${each}; say a service and 1 to ${replicasMost}, as in bidding=2.`)
    }
    replicas[name] = number
  }
  return replicas
}

/** Every port inside the machine follows from one base, and each can be moved alone. */
export function readPorts(replicas: Replicas = {}): Ports {
  const base = port('GAVEL_INTERNAL_PORT_BASE', 18_000)
  const entries = Object.entries(portTable(replicas)).map(([name, { variable, offset }]) => {
    return [name, port(variable, name === 'gateway' ? 8080 : base + offset)]
  })
  return Object.fromEntries(entries) as Ports
}

/** As OpenTelemetry names it; of the few traces of one machine all are kept, unless said otherwise. */
function readTracing(): Tracing | undefined {
  const otlpEndpoint = text('OTEL_EXPORTER_OTLP_ENDPOINT')
  if (otlpEndpoint === undefined) return undefined
  if (!URL.canParse(otlpEndpoint) || !/^https?:$/.test(new URL(otlpEndpoint).protocol))
    throw new StartFailure(
      `OTEL_EXPORTER_OTLP_ENDPOINT is ${otlpEndpoint}; it must be a URL, as in http://127.0.0.1:4318.`
    )
  const ratio = Number(text('OTEL_TRACES_SAMPLER_ARG') ?? 1)
  if (!(ratio >= 0 && ratio <= 1))
    throw new StartFailure('OTEL_TRACES_SAMPLER_ARG says which part of all traces is kept: 0 to 1.')
  return { otlpEndpoint, samplingPercent: ratio * 100 }
}

/** Only what the person gave; what is missing is chosen once and kept. */
function readAdmin(): { email?: string; password?: string } {
  const email = text('GAVEL_ADMIN_EMAIL')
  const password = text('GAVEL_ADMIN_PASSWORD')
  return { ...(email && { email }), ...(password && { password }) }
}

export function readBackendsConfig() {
  return {
    directories: readDirectories(),
    ports: readPorts(),
    given: givenUrls(),
    durable: text('GAVEL_DURABLE') !== 'false'
  }
}

export type StandaloneConfig = ReturnType<typeof readConfig>
export function readConfig() {
  const replicas = readReplicas()
  return {
    ...readBackendsConfig(),
    replicas,
    ports: readPorts(replicas),
    admin: readAdmin(),
    tracing: readTracing(),
    /** A measurement must not be limited; everything else should see the limits at work. */
    rateLimits: text('GAVEL_RATE_LIMITS') === 'off' ? ('off' as const) : undefined,
    gatewayThreads: Math.max(1, Math.floor(availableParallelism() / 2))
  }
}
