import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Child } from '../child.ts'
import type { Progress } from '../install.ts'
import { createPart, type Part } from '../part.ts'
import { backendPortEntries, backendPortNames, type BackendPorts } from '../port-table.ts'
import { requireFreePort } from '../ports.ts'
import type { BackendOptions, Directories } from './backend.ts'
import { startKafka } from './kafka.ts'
import { startMongodb } from './mongodb.ts'
import { postgresDataFolder, startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'

export const backendNames = ['kafka', 'mongodb', 'postgres', 'redis'] as const
export type BackendName = (typeof backendNames)[number]

/** What a client needs. PostgreSQL's is without a database name: each service has a database of its own. */
export type BackendUrls = Record<BackendName, string>

export type BackendsOptions = {
  directories: Directories
  ports: BackendPorts
  /** The backends that somebody else runs; they are used and not started. */
  given: Partial<BackendUrls>
  durable: boolean
  progress: Progress
  /** Start one again that ended by itself. */
  restart?: boolean
}

export type Backends = {
  urls: BackendUrls
  /** The ones that are ours. */
  parts: ReadonlyMap<BackendName, Part>
  stop(): Promise<void>
}

export const backendUrl = (name: BackendName, ports: BackendPorts): string => {
  const forms = {
    kafka: `127.0.0.1:${ports.kafka}`,
    mongodb: `mongodb://127.0.0.1:${ports.mongodb}/?replicaSet=rs0`,
    postgres: `postgres://postgres@127.0.0.1:${ports.postgres}`,
    redis: `redis://127.0.0.1:${ports.redis}`
  }
  return forms[name]
}

function launch(name: BackendName, options: BackendsOptions): Promise<Child> {
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

/** Waits for all of them to settle before the first failure is thrown, so that nothing goes on behind it. */
export async function allOf(work: Iterable<Promise<unknown>>): Promise<void> {
  const results = await Promise.allSettled(work)
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
  if (failures.length > 0) throw failures.length === 1 ? failures[0] : new AggregateError(failures)
}

/** Starts every backend that is not given, all at once; when one fails, the others are stopped before the failure is thrown. */
export async function startBackends(options: BackendsOptions): Promise<Backends> {
  const { given, ports, progress, restart = false } = options
  for (const name of backendPortNames) {
    const { title, variable } = backendPortEntries(name)
    const of = name === 'kafkaController' ? 'kafka' : name
    if (!given[of]) await requireFreePort(ports[name], title, variable)
  }
  const parts = new Map<BackendName, Part>()
  const urls = { ...given } as BackendUrls
  const begin = async (name: BackendName): Promise<void> => {
    const { title } = backendPortEntries(name)
    const began = performance.now()
    const part = createPart({ title, launch: () => launch(name, options), restart, say: progress, stopBoundMs: 20_000 })
    parts.set(name, part)
    urls[name] = backendUrl(name, ports)
    await part.start()
    progress(`${title} is ready at ${urls[name]} (${((performance.now() - began) / 1000).toFixed(1)} s)`)
  }
  const stop = (): Promise<void> => allOf([...parts.values()].map((part) => part.stop()))
  try {
    await allOf(backendNames.filter((name) => !given[name]).map(begin))
  } catch (error) {
    await stop()
    throw error
  }
  return { urls, parts, stop }
}

/** Deletes what the backends stored, wherever it lies. */
export async function clearData(data: string): Promise<void> {
  const { folder } = await postgresDataFolder(data)
  rmSync(folder.startsWith(data) ? folder : dirname(folder), { recursive: true, force: true })
  rmSync(data, { recursive: true, force: true })
}
