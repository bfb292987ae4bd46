import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secret } from '@gavel/platform/config.ts'

export interface SandboxProcess {
  url: string
  apiKey: Secret
  /** Everything the provider has charged, declined, closed or refunded. */
  charges(): Promise<{ key: string; status: string; amountMinor: number }[]>
  charge(key: string): Promise<{ key: string; status: string; amountMinor: number } | undefined>
  /** kill -9, and a new process on the same file and port. */
  crashAndRestart(): Promise<void>
  stop(): Promise<void>
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** The real sandbox provider, as a process of its own. */
export async function startSandbox(): Promise<SandboxProcess> {
  const port = await freePort()
  const dataFile = join(await mkdtemp(join(tmpdir(), 'gavel-sandbox-')), 'charges.jsonl')
  const url = `http://127.0.0.1:${port}`
  const apiKey = new Secret('sandbox-key-of-a-test')

  const start = async (): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [join(import.meta.dirname, '../src/sandbox/main.ts')], {
      env: {
        PATH: process.env['PATH'],
        PORT: String(port),
        API_KEY: apiKey.reveal(),
        DATA_FILE: dataFile,
        LOG_LEVEL: 'warn'
      },
      stdio: ['ignore', 'inherit', 'inherit']
    })
    for (;;) {
      if (child.exitCode !== null) throw new Error(`The sandbox ended with ${child.exitCode}`)
      const ready = await fetch(`${url}/readyz`).then(
        (response) => response.ok,
        () => false
      )
      if (ready) return child
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }
  const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, 'exit')
  }

  let child = await start()
  const charges: SandboxProcess['charges'] = async () => {
    const response = await fetch(`${url}/v1/charges`, { headers: { authorization: `Bearer ${apiKey.reveal()}` } })
    return ((await response.json()) as { charges: { key: string; status: string; amountMinor: number }[] }).charges
  }
  return {
    url,
    apiKey,
    charges,
    charge: async (key) => (await charges()).find((charge) => charge.key === key),
    async crashAndRestart() {
      await end(child, 'SIGKILL')
      child = await start()
    },
    stop: () => end(child, 'SIGTERM')
  }
}
