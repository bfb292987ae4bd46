import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { GroupAsk } from '@gavel/platform/kafka/group-admin.ts'
import { createContext } from '@gavel/platform/service.ts'
import { testTokens } from '../../../test/support/tokens.ts'
import { buildApp, createParts } from '../src/app.ts'
import { healthConfig } from '../src/config.ts'

/** Nobody listens there. */
export const nowhere = {
  REDIS_URL: 'redis://127.0.0.1:9',
  KAFKA_BROKERS: '127.0.0.1:9',
  JWKS_URL: 'http://127.0.0.1:9'
}

export type Running = Awaited<ReturnType<typeof runHealth>>

/** The service as main.ts puts it together, without a process, and quicker. */
export async function runHealth({
  services = {},
  groups = [],
  env = {}
}: {
  services?: Record<string, string>
  groups?: readonly GroupAsk[]
  env?: Record<string, string>
}) {
  const quick = { HEALTH_INTERVAL_MS: '200', HEALTH_TIMEOUT_MS: '1000', HEALTH_RECORD_INTERVAL_MS: '100' }
  const read = healthConfig({ ...nowhere, ...quick, HEALTH_LEAD_MS: '1000', STREAM_POLL_MS: '50', ...env })
  const config = { ...read, services }
  const context = createContext({ name: 'health', logLevel: 'silent' })
  const parts = createParts(context, config, groups)
  const tokens = await testTokens()
  const app = buildApp(context, config, tokens.authenticator, parts)
  await app.listen({ host: '127.0.0.1', port: 0 })
  parts.start()
  const admin = await tokens.signIn('alice', 'admin')
  const get = async (path: string, headers: Record<string, string> = admin) => {
    const answer = await app.inject({ url: path, headers })
    return { status: answer.statusCode, body: answer.json() }
  }
  return {
    app,
    context,
    admin,
    get,
    signIn: tokens.signIn,
    url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`,
    entry: async (name: string) =>
      (await get('/api/health')).body.entries.find((entry: { name: string }) => entry.name === name),
    history: async (name: string) => (await get(`/api/health/history?name=${name}`)).body.items,
    stop: () => context.closers.closeAll(10_000)
  }
}

/** A service that says what it is told to. */
export async function startService(): Promise<{ url: string; say(ready: boolean): void; stop(): void }> {
  let ready = true
  const server: Server = createServer((_, response) => {
    const body = { status: ready ? 'ready' : 'not-ready', parts: { postgres: { status: ready ? 'up' : 'down' } } }
    response.writeHead(ready ? 200 : 503, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    say: (is) => {
      ready = is
    },
    stop: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}
