import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { envoyYaml } from '@gavel/gateway/envoy.ts'
import { services } from '@gavel/contracts/services.ts'
import { allOf, type BackendName, type Backends, type BackendUrls, startBackends } from './backends/all.ts'
import type { Directories } from './backends/backend.ts'
import { platformTargets, startPrometheus } from './observe/prometheus.ts'
import { installEnvoy, startEnvoy } from './backends/envoy.ts'
import { type Child, startChild } from './child.ts'
import { repository } from './config.ts'
import { inherited } from './environment.ts'
import { StartFailure } from './failure.ts'
import type { Progress } from './install.ts'
import { createPart, type Part } from './part.ts'
import { planProcesses, tracingVariables, type ProcessPlan, type Tracing, type Variables } from './plan.ts'
import { backendPortNames, freePorts, type Ports, processName, type Replicas, requirePorts } from './port-table.ts'
import { isListening, waitUntilReady } from './ports.ts'
import { ensureAllTopics, ensureDatabases, ensurePages } from './prepare.ts'
import { type Admin, keptSecrets } from './secrets.ts'

export type PlatformOptions = {
  directories: Directories
  ports: Ports | 'free'
  /** Backends of one's own; they are used, not started and not stopped. */
  given?: Partial<BackendUrls>
  durable?: boolean
  /** How many processes of a service; one where it is silent. */
  replicas?: Replicas
  admin?: Partial<Admin>
  /** Some services only, for a test that needs no more. */
  services?: readonly string[]
  env?: Variables
  serviceEnv?: Readonly<Record<string, Variables>>
  rateLimits?: 'off' | undefined
  gatewayThreads?: number
  /** Spans of every process and of Envoy go there. */
  tracing?: Tracing | undefined
  /** Prometheus with Gavel's rules over everything. */
  observe?: boolean
  /** Start again what ends by itself. Off where a test decides what runs. */
  restart?: boolean
  progress?: Progress
}

export type Platform = {
  url: string
  mailUrl: string
  providerUrl: string
  ports: Ports
  urls: BackendUrls
  directories: Directories
  admin: Admin
  /** A bidder's account to try things with; it exists once the platform was seeded. */
  bidder: Admin
  /** Services that this checkout does not hold yet. */
  missing: string[]
  /** A process by name: a service, `bidding-2`, `provider`, `mail` or `gateway`. */
  service(name: string): Part
  backend(name: BackendName): Part
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const readyBoundMs = 60_000

async function answersOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(3_000) })
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}

async function launchProcess(plan: ProcessPlan, directories: Directories): Promise<Child> {
  // What the person's shell holds must not decide how a service is configured: only the machine's own variables pass.
  const { PATH, HOME, TMPDIR, LANG, NODE_EXTRA_CA_CERTS } = inherited()
  const child = startChild({
    name: plan.name,
    command: process.execPath,
    args: [join(repository, 'services', plan.entry)],
    logFile: join(directories.logs, `${plan.name}.log`),
    directory: repository,
    env: {
      PATH,
      HOME,
      TMPDIR,
      LANG,
      NODE_EXTRA_CA_CERTS,
      NODE_ENV: 'production',
      NODE_COMPILE_CACHE: join(directories.cache, 'node-compile-cache'),
      DRAIN_TIMEOUT_MS: '8000',
      ...plan.env
    }
  })
  const ready = plan.readyPath
    ? () => answersOk(`http://127.0.0.1:${plan.port}${plan.readyPath}`)
    : () => isListening(plan.port)
  await waitUntilReady(child, ready, readyBoundMs)
  return child
}

function endpointOf(address: string) {
  const { hostname, port, protocol } = new URL(address)
  return { host: hostname, port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port) }
}

function launchGateway(options: PlatformOptions, ports: Ports): Promise<Child> {
  const { directories, replicas = {}, rateLimits, gatewayThreads = 1, tracing, progress } = options
  const addresses = services.map(({ name }) => {
    const own = Array.from({ length: replicas[name] ?? 1 }, (_, index) => ports[processName(name, index)]!)
    return [name, own.map((port) => ({ host: '127.0.0.1', port }))] as const
  })
  const configuration = envoyYaml({
    mode: 'standalone',
    listen: { address: '127.0.0.1', port: ports['gateway']! },
    admin: { address: '127.0.0.1', port: ports['gatewayAdmin']! },
    services: Object.fromEntries(addresses),
    jwks: { issuer: 'https://gavel.dev', audience: 'gavel' },
    ...(rateLimits && { rateLimits }),
    ...(tracing && { tracing: { ...endpointOf(tracing.otlpEndpoint), samplingPercent: tracing.samplingPercent } })
  })
  const file = join(directories.data, 'envoy.yaml')
  mkdirSync(directories.data, { recursive: true })
  writeFileSync(file, configuration)
  return startEnvoy({
    directories,
    port: ports['gateway']!,
    configurationFile: file,
    threads: gatewayThreads,
    ...(progress && { progress })
  })
}

type Launched = { parts: Map<string, Part>; missing: string[] }

/** One part for each process and for the gateway, none of them started yet. */
function assemble(options: PlatformOptions, plans: ProcessPlan[], ports: Ports): Launched {
  const { directories, restart = false, progress: say = () => undefined } = options
  const parts = new Map<string, Part>()
  const missing: string[] = []
  for (const plan of plans) {
    const exists = existsSync(join(repository, 'services', plan.entry))
    if (exists) {
      parts.set(
        plan.name,
        createPart({ title: plan.name, launch: () => launchProcess(plan, directories), restart, say })
      )
    } else {
      missing.push(plan.name)
    }
  }
  parts.set('gateway', createPart({ title: 'gateway', launch: () => launchGateway(options, ports), restart, say }))
  if (options.observe) {
    const launch = () =>
      startPrometheus({
        directories,
        port: ports['prometheus']!,
        targets: platformTargets(ports, options.replicas),
        scrapeIntervalSeconds: 5,
        progress: say
      })
    parts.set('prometheus', createPart({ title: 'Prometheus', launch, restart, say }))
  }
  return { parts, missing }
}

async function waitForPlatform(url: string): Promise<void> {
  const end = performance.now() + readyBoundMs
  while (!(await answersOk(`${url}/readyz`))) {
    await delay(100)
    if (performance.now() < end) continue
    const answer = await fetch(`${url}/readyz`).then(
      (response) => response.text(),
      (error: Error) => error.message
    )
    throw new StartFailure(
      `The platform was not ready within ${readyBoundMs / 1000} s. ${url}/readyz says: ${answer.slice(0, 2_000)}`
    )
  }
}

/** The gateway first, so that nothing new comes in; then the services; what they stand on last. */
async function stopInOrder(parts: Map<string, Part>, backends: Backends): Promise<void> {
  await parts.get('gateway')?.stop()
  const isAround = (name: string): boolean => name === 'provider' || name === 'mail'
  await allOf([...parts].filter(([name]) => !isAround(name)).map(([, part]) => part.stop()))
  await allOf([...parts].filter(([name]) => isAround(name)).map(([, part]) => part.stop()))
  await backends.stop()
}

async function prepareBackends(options: PlatformOptions, ports: Ports): Promise<Backends> {
  const { directories, given = {}, durable = true, restart = false, progress = () => undefined } = options
  // Envoy is fetched and the pages are built meanwhile; the former can only be started when there is something behind it.
  const envoy = installEnvoy(directories, progress)
  envoy.catch(() => undefined)
  const pages = options.services && !options.services.includes('web') ? undefined : ensurePages(progress)
  pages?.catch(() => undefined)
  const backends = await startBackends({ directories, ports, given, durable, restart, progress })
  try {
    await envoy
    await pages
    await allOf([ensureDatabases(backends.urls.postgres), ensureAllTopics(backends.urls.kafka)])
    return backends
  } catch (error) {
    await backends.stop()
    throw error
  }
}

/** Brings up the whole platform on this machine, and settles when the gateway says that every part is ready. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { directories, replicas = {}, given = {}, progress = () => undefined } = options
  const ports = options.ports === 'free' ? await freePorts(replicas) : options.ports
  const ofOthers = new Set<string>(
    backendPortNames.filter((name) => given[name === 'kafkaController' ? 'kafka' : name])
  )
  await requirePorts(ports, replicas, ofOthers)

  const secrets = keptSecrets(join(directories.data, 'secrets.json'))
  const admin = { email: 'admin@gavel.example', password: secrets.adminPassword, ...options.admin }
  const bidder = { email: 'bidder@gavel.example', password: secrets.bidderPassword }
  const backends = await prepareBackends(options, ports)
  const { urls } = backends
  const { serviceEnv, services: only } = options
  const env = { ...tracingVariables(options.tracing), ...options.env }
  const chosen = { env, ...(serviceEnv && { serviceEnv }), ...(only && { only }) }
  const plans = planProcesses({ urls, ports, replicas, secrets, admin, data: directories.data, ...chosen })
  const { parts, missing } = assemble(options, plans, ports)
  const url = `http://127.0.0.1:${ports['gateway']}`
  const stop = (): Promise<void> => stopInOrder(parts, backends)
  try {
    if (missing.length > 0) progress(`This checkout holds no ${missing.join(', ')}: the platform is incomplete.`)
    progress('starting the services')
    await allOf([...parts.values()].map((part) => part.start()))
    const whole = services.every(({ name }) => parts.has(name))
    if (whole) await waitForPlatform(url)
  } catch (error) {
    await stop()
    throw error
  }
  const named = <Name extends string>(all: ReadonlyMap<Name, Part>, name: Name): Part => {
    const part = all.get(name)
    if (!part) throw new Error(`There is no ${name} here; there is ${[...all.keys()].join(', ')}.`)
    return part
  }
  return {
    url,
    mailUrl: `http://127.0.0.1:${ports['mail']}`,
    providerUrl: `http://127.0.0.1:${ports['provider']}`,
    ports,
    urls,
    directories,
    admin,
    bidder,
    missing,
    service: (name) => named(parts, name),
    backend: (name) => named(backends.parts, name),
    stop,
    [Symbol.asyncDispose]: stop
  }
}
