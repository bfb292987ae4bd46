import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { envoyYaml } from '@gavel/gateway/envoy.ts'
import { services } from '@gavel/contracts/services.ts'
import { startEnvoy } from '@gavel/standalone/backends/envoy.ts'
import { startChild, type Child } from '@gavel/standalone/child.ts'
import { readDirectories } from '@gavel/standalone/config.ts'
import { startPlatform, type Platform } from '@gavel/standalone/platform.ts'
import { freePort, isListening, waitUntilReady } from '@gavel/standalone/ports.ts'
import { platformHome, removeHome } from '../support/platform.ts'
import { audience, issuer, startTokenIssuer, type TokenIssuer } from './tokens.ts'

export type Contender = 'gavel' | 'common' | 'constant'
export type Path = 'direct' | 'gateway'

export const commonDatabase = 'common'
const commonTopic = 'common-bids'

/** Everything that is measured, up and waiting: servers of one route, each alone and behind an Envoy of its own. */
export type Stage = {
  ports: Partial<Record<Contender, Record<Path, number>>> & Record<'gavel', Record<Path, number>>
  /** The server's process, to see when it has nothing left to do. */
  pids: Partial<Record<Contender, number>>
  tokens: TokenIssuer
  mongodbUrl: string
  directory: string
  stop(): Promise<void>
}

type Started = { directory: string; issuing: TokenIssuer; platform: Platform; logs: string }

async function startServer(
  { issuing, platform, logs }: Started,
  kind: Exclude<Contender, 'gavel'>
): Promise<{ child: Child; port: number }> {
  const port = await freePort()
  const child = startChild({
    name: kind,
    command: process.execPath,
    args: [join(import.meta.dirname, 'common.ts'), kind],
    logFile: join(logs, `${kind}.log`),
    env: {
      NODE_ENV: 'production',
      PORT: String(port),
      JWKS_URL: issuing.jwksUrl,
      MONGODB_URL: platform.urls.mongodb,
      MONGODB_DATABASE: commonDatabase,
      KAFKA_BROKERS: platform.urls.kafka,
      LOAD_TOPIC: commonTopic
    }
  })
  await waitUntilReady(child, () => isListening(port))
  return { child, port }
}

/** The gateway as it is in earnest, but for its limits: a load generator is one address and few users. */
async function startGateway(
  { issuing, platform, directory, logs }: Started,
  contender: Contender,
  serverPort: number
): Promise<{ child: Child; port: number }> {
  const [port, adminPort] = [await freePort(), await freePort()]
  const to = (target: number) => [{ host: '127.0.0.1', port: target }]
  const configuration = envoyYaml({
    mode: 'standalone',
    listen: { address: '127.0.0.1', port },
    admin: { address: '127.0.0.1', port: adminPort },
    services: { ...Object.fromEntries(services.map(({ name }) => [name, to(serverPort)])), identity: to(issuing.port) },
    jwks: { issuer, audience },
    rateLimits: 'off'
  })
  const configurationFile = join(directory, `envoy-${contender}.yaml`)
  writeFileSync(configurationFile, configuration)
  const own = { ...platform.directories, logs: join(logs, contender) }
  const child = await startEnvoy({ directories: own, port, configurationFile })
  return { child, port }
}

/** A socket may place a hundred bids a second and not ten thousand: the limit of a client is not what is measured. */
function liftSocketLimit(data: string): void {
  mkdirSync(join(data, 'settings'), { recursive: true })
  const settings = { rateLimits: { webSocketMessagesPerMinute: 1_000_000 } }
  writeFileSync(join(data, 'settings', 'bidding.json'), JSON.stringify(settings))
}

export async function openStage(contenders: readonly Contender[], progress: (line: string) => void): Promise<Stage> {
  const directory = platformHome()
  const logs = join(directory, 'logs')
  const data = join(directory, 'data')
  mkdirSync(logs, { recursive: true })
  liftSocketLimit(data)
  const ends: (() => Promise<unknown>)[] = [() => removeHome(directory)]
  const stop = async (): Promise<void> => {
    for (const end of ends.toReversed()) await end()
  }
  try {
    const issuing = await startTokenIssuer()
    ends.push(() => issuing.close())
    const platform = await startPlatform({
      directories: { cache: readDirectories().cache, data, logs },
      ports: 'free',
      services: ['bidding'],
      serviceEnv: { bidding: { JWKS_URL: issuing.jwksUrl, LOG_LEVEL: 'warn' } },
      rateLimits: 'off',
      progress
    })
    ends.push(() => platform.stop())
    const started: Started = { directory, issuing, platform, logs }
    const ports = {} as Stage['ports']
    const pids: Stage['pids'] = {}
    for (const contender of contenders) {
      const own = contender === 'gavel' ? undefined : await startServer(started, contender)
      if (own) ends.push(() => own.child.stop())
      pids[contender] = own ? own.child.pid : platform.service('bidding').pid()!
      const direct = own ? own.port : platform.ports['bidding']!
      const gateway = await startGateway(started, contender, direct)
      ends.push(() => gateway.child.stop())
      ports[contender] = { direct, gateway: gateway.port }
    }
    return { ports, pids, tokens: issuing, mongodbUrl: platform.urls.mongodb, directory, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
