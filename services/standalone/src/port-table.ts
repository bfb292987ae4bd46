import { services } from '@gavel/contracts/services.ts'
import { freePort, requireFreePort } from './ports.ts'

export type PortEntry = {
  /** What listens, as a person reads it. */
  title: string
  /** The variable that moves this port alone. */
  variable: string
  /** From the base of the ports inside the machine, which GAVEL_INTERNAL_PORT_BASE moves together. */
  offset: number
}

export const backendPortNames = ['kafka', 'kafkaController', 'mongodb', 'postgres', 'redis'] as const
export type BackendPorts = Record<(typeof backendPortNames)[number], number>

/** Every port of the platform on one machine but the gateway's own, which GAVEL_PORT names. */
const fixed = {
  gatewayAdmin: { title: "Envoy's console", variable: 'GAVEL_ENVOY_ADMIN_PORT', offset: 1 },
  mongodb: { title: 'MongoDB', variable: 'GAVEL_MONGODB_PORT', offset: 17 },
  smtp: { title: 'the mail inbox (SMTP)', variable: 'GAVEL_SMTP_PORT', offset: 25 },
  mail: { title: 'the mail inbox (page)', variable: 'GAVEL_MAIL_PORT', offset: 26 },
  postgres: { title: 'PostgreSQL', variable: 'GAVEL_POSTGRES_PORT', offset: 32 },
  redis: { title: 'Redis', variable: 'GAVEL_REDIS_PORT', offset: 79 },
  prometheus: { title: 'Prometheus', variable: 'GAVEL_PROMETHEUS_PORT', offset: 50 },
  provider: { title: 'the payment sandbox', variable: 'GAVEL_PROVIDER_PORT', offset: 90 },
  kafka: { title: 'Kafka', variable: 'GAVEL_KAFKA_PORT', offset: 92 },
  kafkaController: { title: "Kafka's controller", variable: 'GAVEL_KAFKA_CONTROLLER_PORT', offset: 93 }
} as const satisfies Record<string, PortEntry>

export const backendPortEntries = (name: keyof BackendPorts): PortEntry => fixed[name]

/** How many processes of one service there may be; each has a port of its own, a step apart. */
export const replicasMost = 4
const replicaStep = 20

/** The name of the nth process of a service: bidding, bidding-2, bidding-3. */
export const processName = (service: string, index: number): string =>
  index === 0 ? service : `${service}-${index + 1}`

export type Replicas = Readonly<Record<string, number>>

function serviceEntries(replicas: Replicas): Record<string, PortEntry> {
  const entries: Record<string, PortEntry> = {}
  for (const { name, portOffset } of services) {
    for (let index = 0; index < (replicas[name] ?? 1); index += 1) {
      const title = processName(name, index)
      const variable = `GAVEL_${title.toUpperCase().replace('-', '_')}_PORT`
      entries[title] = { title, variable, offset: 100 + portOffset + index * replicaStep }
    }
  }
  return entries
}

const gateway: PortEntry = { title: 'the gateway', variable: 'GAVEL_PORT', offset: 80 }

export type Ports = BackendPorts & Record<string, number>

/** By name: the backends, the fixed parts, each process of each service, and `gateway`. */
export const portTable = (replicas: Replicas): Record<string, PortEntry> => ({
  gateway,
  ...fixed,
  ...serviceEntries(replicas)
})

export async function freePorts(replicas: Replicas = {}): Promise<Ports> {
  const ports: Record<string, number> = {}
  for (const name of Object.keys(portTable(replicas))) ports[name] = await freePort()
  return ports as Ports
}

/** Asked before anything is started, so that a taken port costs no wait and leaves nothing half begun. */
export async function requirePorts(ports: Ports, replicas: Replicas, except: ReadonlySet<string>): Promise<void> {
  for (const [name, { title, variable }] of Object.entries(portTable(replicas))) {
    const port = ports[name]
    if (port !== undefined && !except.has(name)) await requireFreePort(port, title, variable)
  }
}
