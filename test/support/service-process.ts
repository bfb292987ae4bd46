import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { repository } from '@gavel/standalone/config.ts'
import { freePort } from '@gavel/standalone/ports.ts'
import { eventually } from './eventually.ts'

export interface ServiceProcess {
  url: string
  child: ChildProcess
  /** Resolves when it has ended. */
  end(signal: NodeJS.Signals): Promise<void>
}

/** One service as a process of its own, ready, which a test may kill. With the `url` of one before it takes that one's place. */
export async function startServiceProcess(
  name: string,
  env: Record<string, string>,
  { url, nodeFlags = [] }: { url?: string | undefined; nodeFlags?: readonly string[] } = {}
): Promise<ServiceProcess> {
  const port = url === undefined ? await freePort() : Number(new URL(url).port)
  const child = spawn(process.execPath, [...nodeFlags, join(repository, 'services', name, 'src/main.ts')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env['PATH'], HOST: '127.0.0.1', PORT: String(port), ...env }
  })
  const started: ServiceProcess = {
    url: `http://127.0.0.1:${port}`,
    child,
    end: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill(signal)
      await exited
    }
  }
  await eventually(
    async () => {
      if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`)
      return await fetch(`${started.url}/readyz`).then((response) => response.ok)
    },
    { what: `${name} to be ready`, withinMs: 60_000 }
  ).catch(async (error: unknown) => {
    // Nobody else knows of it yet, so nobody else would end it.
    await started.end('SIGKILL')
    throw error
  })
  return started
}
