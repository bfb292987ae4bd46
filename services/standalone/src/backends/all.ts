import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Progress } from '../install.ts'
import { requireFreePort } from '../ports.ts'
import type { BackendOptions, Directories, RunningBackend } from './backend.ts'
import { startKafka } from './kafka.ts'
import { startMongodb } from './mongodb.ts'
import { postgresDataFolder, startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'

export const backendNames = ['kafka', 'mongodb', 'postgres', 'redis'] as const
export type BackendName = (typeof backendNames)[number]

/** What a client needs. PostgreSQL's is without a database name: each service has a database of its own. */
export type BackendUrls = Record<BackendName, string>
export type BackendPorts = Record<BackendName | 'kafkaController', number>

const titles: Record<keyof BackendPorts, string> = {
  kafka: 'Kafka',
  kafkaController: "Kafka's controller",
  mongodb: 'MongoDB',
  postgres: 'PostgreSQL',
  redis: 'Redis'
}

export const portVariables: Record<keyof BackendPorts, string> = {
  kafka: 'GAVEL_KAFKA_PORT',
  kafkaController: 'GAVEL_KAFKA_CONTROLLER_PORT',
  mongodb: 'GAVEL_MONGODB_PORT',
  postgres: 'GAVEL_POSTGRES_PORT',
  redis: 'GAVEL_REDIS_PORT'
}

export type BackendsOptions = {
  directories: Directories
  ports: BackendPorts
  /** The backends that somebody else runs; they are used and not started. */
  given: Partial<BackendUrls>
  durable: boolean
  progress: Progress
}

export type Backends = {
  urls: BackendUrls
  running: Map<BackendName, RunningBackend>
  start(name: BackendName): Promise<void>
  stop(): Promise<void>
}

export async function requireBackendPorts(options: Pick<BackendsOptions, 'ports' | 'given'>): Promise<void> {
  for (const part of Object.keys(titles) as (keyof BackendPorts)[]) {
    const name = part === 'kafkaController' ? 'kafka' : part
    if (!options.given[name]) await requireFreePort(options.ports[part], titles[part], portVariables[part])
  }
}

function launch(name: BackendName, options: BackendsOptions): Promise<RunningBackend> {
  const { directories, ports, durable, progress } = options
  const backend: BackendOptions = { directories, port: ports[name], durable, progress }
  switch (name) {
    case 'kafka':
      return startKafka({ ...backend, controllerPort: ports.kafkaController })
    case 'mongodb':
      return startMongodb(backend)
    case 'postgres':
      return startPostgres(backend)
    case 'redis':
      return startRedis(backend)
    default:
      return name satisfies never
  }
}

/** Starts every backend that is not given, all at once; when one fails, the others are stopped before the failure is thrown. */
export async function startBackends(options: BackendsOptions): Promise<Backends> {
  const { given, progress } = options
  await requireBackendPorts(options)
  const running = new Map<BackendName, RunningBackend>()
  const urls = { ...given } as BackendUrls
  const start = async (name: BackendName): Promise<void> => {
    const began = performance.now()
    const backend = await launch(name, options)
    running.set(name, backend)
    urls[name] = backend.url
    progress(`${titles[name]} is ready at ${backend.url} (${((performance.now() - began) / 1000).toFixed(1)} s)`)
  }
  const stop = async (): Promise<void> => {
    await Promise.all([...running.values()].map((backend) => backend.stop()))
  }
  const results = await Promise.allSettled(backendNames.filter((name) => !given[name]).map(start))
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  if (failures.length > 0) {
    await stop()
    throw failures.length === 1 ? failures[0] : new AggregateError(failures)
  }
  return { urls, running, start, stop }
}

/** Deletes what the backends stored, wherever it lies. */
export async function clearData(data: string): Promise<void> {
  const { folder } = await postgresDataFolder(data)
  rmSync(folder.startsWith(data) ? folder : dirname(folder), { recursive: true, force: true })
  rmSync(data, { recursive: true, force: true })
}
