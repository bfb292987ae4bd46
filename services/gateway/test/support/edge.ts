import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { services } from '@gavel/contracts/services.ts'
import { startEnvoy } from '@gavel/standalone/backends/envoy.ts'
import { readDirectories } from '@gavel/standalone/config.ts'
import { freePort } from '@gavel/standalone/ports.ts'
import { envoyYaml, type GatewayOptions } from '../../src/envoy.ts'
import { audience, issuer, makeKey, type SigningKey } from './keys.ts'
import { startUpstream, type Upstream } from './upstream.ts'

export type Edge = {
  url: string
  adminUrl: string
  port: number
  key: SigningKey
  /** What identity publishes; tests may change it. */
  published: SigningKey[]
  identity: Upstream
  bidding: Upstream[]
  /** Every other service. */
  others: Upstream
  accessLog(): string
  fetch(path: string, init?: RequestInit): Promise<Response>
  statistic(name: string): Promise<number>
  close(): Promise<void>
}

/** A real Envoy with our configuration before small services: three of bidding, one of identity, one for the rest. */
export async function startEdge(options: Partial<GatewayOptions> = {}): Promise<Edge> {
  const key = makeKey('key-1')
  const published = [key]
  const identity = await startUpstream('identity')
  identity.answer((request, response) => {
    response.setHeader('content-type', 'application/json')
    const keySet = { keys: published.map(({ publicJwk }) => publicJwk) }
    response.end(JSON.stringify(request.url === '/.well-known/jwks.json' ? keySet : { name: 'identity' }))
  })
  const bidding = await Promise.all(['bidding-1', 'bidding-2', 'bidding-3'].map(startUpstream))
  const others = await startUpstream('others')
  const [port, adminPort] = [await freePort(), await freePort()]
  const home = mkdtempSync(join(tmpdir(), 'gavel-edge-'))
  const addresses = Object.fromEntries(services.map(({ name }) => [name, [others]]))
  const configurationFile = join(home, 'envoy.yaml')
  writeFileSync(
    configurationFile,
    envoyYaml({
      mode: 'standalone',
      listen: { address: '127.0.0.1', port },
      admin: { address: '127.0.0.1', port: adminPort },
      services: { ...addresses, identity: [identity], bidding },
      jwks: { issuer, audience, cacheMs: 500 },
      ...options
    })
  )
  const directories = { ...readDirectories(), data: home, logs: home }
  const envoy = await startEnvoy({ directories, port, configurationFile })
  const url = `http://127.0.0.1:${port}`
  const adminUrl = `http://127.0.0.1:${adminPort}`
  return {
    url,
    adminUrl,
    port,
    key,
    published,
    identity,
    bidding,
    others,
    accessLog: () => readFileSync(join(home, 'gateway.log'), 'utf8'),
    fetch: (path, init) => fetch(url + path, { redirect: 'manual', ...init }),
    statistic: async (name) => {
      const text = await (await fetch(`${adminUrl}/stats?filter=${encodeURIComponent(`^${name}$`)}`)).text()
      return Number(/: (\d+)/.exec(text)?.[1] ?? 0)
    },
    close: async () => {
      await envoy.stop()
      await Promise.all([identity, others, ...bidding].map((upstream) => upstream.kill()))
      rmSync(home, { recursive: true, force: true })
    }
  }
}

export const bearer = (token: string): { headers: Record<string, string> } => ({
  headers: { authorization: `Bearer ${token}` }
})

export type Answer = { name: string; code: string; status: number }
export const read = async (answer: Response): Promise<Answer> => (await answer.json()) as Answer

/** Waits until the condition holds; the bound is a failure, not a pause. */
export async function until(condition: () => Promise<boolean> | boolean, boundMs = 20_000): Promise<void> {
  const end = Date.now() + boundMs
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`Not so within ${boundMs} ms: ${condition.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
