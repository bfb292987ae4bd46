import { join, resolve } from 'node:path'
import type { BackendPorts, BackendUrls } from './backends/all.ts'
import { portVariables } from './backends/all.ts'
import type { Directories } from './backends/backend.ts'
import { StartFailure } from './failure.ts'

export const repository = resolve(import.meta.dirname, '../../..')

function text(name: string): string | undefined {
  return process.env[name] || undefined
}

export function port(name: string, otherwise: number): number {
  const value = text(name)
  if (value === undefined) return otherwise
  const number = Number(value)
  if (Number.isInteger(number) && number > 0 && number < 65_536) return number
  throw new StartFailure(`${name} is ${value}; it must be a port between 1 and 65535.`)
}

/** The backends of one's own, in the form that the services read too. */
export function givenUrls(): Partial<BackendUrls> {
  const urls = { kafka: text('KAFKA_BROKERS'), mongodb: text('MONGODB_URL'), postgres: text('POSTGRES_URL'), redis: text('REDIS_URL') }
  return Object.fromEntries(Object.entries(urls).filter(([, url]) => url !== undefined))
}

export function readDirectories(): Directories {
  const home = resolve(text('GAVEL_DIRECTORY') ?? join(repository, '.gavel'))
  const cache = resolve(text('GAVEL_CACHE') ?? join(repository, '.gavel', 'cache'))
  return { cache, data: join(home, 'data'), logs: join(home, 'logs') }
}

/** Every port inside the machine follows from one base, and each can be moved alone. */
export function readBackendPorts(): BackendPorts {
  const base = port('GAVEL_INTERNAL_PORT_BASE', 18_000)
  const offsets = { kafka: 92, kafkaController: 93, mongodb: 17, postgres: 32, redis: 79 }
  const names = Object.keys(offsets) as (keyof BackendPorts)[]
  return Object.fromEntries(names.map((name) => [name, port(portVariables[name], base + offsets[name])])) as BackendPorts
}

export function readBackendsConfig() {
  return {
    directories: readDirectories(),
    ports: readBackendPorts(),
    given: givenUrls(),
    durable: text('GAVEL_DURABLE') !== 'false'
  }
}
