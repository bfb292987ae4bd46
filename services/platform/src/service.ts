import type { Registry } from 'prom-client'
import { Closers } from './closers.ts'
import { ConfigError, processEnvironment, telemetryConfig, type TelemetryConfig } from './config.ts'
import { HealthChecks } from './health.ts'
import { createLog, type Logger } from './log.ts'
import type { LogShipping } from './kafka/log-shipping.ts'
import { createMetrics } from './metrics.ts'
import { followSecrets, openVault, type VaultSource } from './secrets.ts'
import { followSettings, Settings } from './settings.ts'
import { startTelemetry } from './telemetry.ts'

export type { Logger } from './log.ts'
export { Closers } from './closers.ts'
export { HealthChecks } from './health.ts'

/** What every part of a process is given. Tests make one with {@link createContext}. */
export interface ServiceContext {
  readonly name: string
  readonly log: Logger
  readonly metrics: Registry
  /** Milliseconds since the Unix epoch. */
  readonly clock: () => number
  readonly health: HealthChecks
  readonly closers: Closers
  /** What may change while the process runs. */
  readonly settings: Settings
  /** Aborted when the process begins to end. */
  readonly signal: AbortSignal
}

export interface ContextOptions {
  name: string
  log?: Logger
  logLevel?: string
  clock?: () => number
  signal?: AbortSignal
}

export function createContext(options: ContextOptions): ServiceContext {
  const log = options.log ?? createLog({ service: options.name, level: options.logLevel ?? 'info' })
  return {
    name: options.name,
    log,
    metrics: createMetrics(options.name),
    clock: options.clock ?? Date.now,
    health: new HealthChecks(),
    closers: new Closers(log),
    settings: new Settings(),
    signal: options.signal ?? new AbortController().signal
  }
}

export interface ServiceOptions<Config> {
  name: string
  /**
   * The service's configuration, or a function that reads it: what it lacks is then told in one sentence each, without a stack.
   * A member `telemetry` (from `telemetryConfig`) is used; otherwise it is read from the environment.
   */
  config: Config | (() => Config)
  start: (context: ServiceContext, config: Config) => Promise<void>
  /** The switches that its file of settings may turn while it runs. */
  features?: readonly string[]
}

/** Thrown by a start that has done all it was asked for: the process ends in good order. */
export class NothingMore extends Error {}

const read = <Config>(config: Config | (() => Config)): Config =>
  typeof config === 'function' ? (config as () => Config)() : config

const telemetryOf = (config: unknown): TelemetryConfig =>
  typeof config === 'object' && config !== null && 'telemetry' in config
    ? (config.telemetry as TelemetryConfig)
    : telemetryConfig(processEnvironment())

/**
 * The life of a process: configuration, telemetry, start, and the end in good order at SIGTERM, SIGINT or a failure nobody
 * caught. `/readyz` says no first; then HTTP, consumers, relays, producers and pools end, in that order, within DRAIN_TIMEOUT_MS.
 */
export async function runService<Config>(options: ServiceOptions<Config>): Promise<void> {
  const firstLog = createLog({ service: options.name })
  let config: Config
  let telemetry: TelemetryConfig
  let vault: VaultSource | undefined
  try {
    vault = await openVault(processEnvironment(), firstLog)
    config = read(options.config)
    telemetry = telemetryOf(config)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    firstLog.fatal({ problems: error.problems }, error.message)
    process.exitCode = 78
    return
  }

  const shipping = await shippingOf(telemetry)
  const log = createLog({ service: options.name, level: telemetry.logLevel, alsoTo: shipping?.write })
  const ending = new AbortController()
  const context = createContext({ name: options.name, log, signal: ending.signal })
  // Before anything else, so that a signal during a slow start ends the process in good order too.
  const end = endOnce(context, ending, telemetry, shipping)
  process.once('SIGTERM', () => void end('SIGTERM', 0))
  process.once('SIGINT', () => void end('SIGINT', 0))
  process.on('uncaughtException', (error) => {
    log.fatal({ error }, 'Nobody caught this error: the process ends')
    void end('uncaughtException', 1)
  })
  process.on('unhandledRejection', (error) => {
    log.fatal({ error }, 'Nobody caught this rejection: the process ends')
    void end('unhandledRejection', 1)
  })

  tellWarnings(log)
  shipping?.start(context)
  follow(context, { telemetry, vault, features: options.features ?? [] })

  try {
    const tracing = await startTelemetry(options.name, telemetry, log)
    if (tracing) context.closers.add('telemetry', tracing.stop, 'pools')
    await options.start(context, config)
    if (!ending.signal.aborted) log.info({ pid: process.pid }, 'Started')
  } catch (error) {
    if (ending.signal.aborted) return
    if (error instanceof NothingMore) return await end(error.message, 0)
    log.fatal({ error }, 'The service could not start')
    await end('start', 1)
  }
}

/** What may change while the process runs: its settings, and the secrets that come from files or from Vault. */
function follow(
  context: ServiceContext,
  {
    telemetry,
    vault,
    features
  }: { telemetry: TelemetryConfig; vault: VaultSource | undefined; features: readonly string[] }
): void {
  const { log, metrics, closers, settings } = context
  const { settingsFile, filesPollMs, logLevel } = telemetry
  const secrets = followSecrets(context, { pollMs: filesPollMs, vault })
  closers.add('secrets', secrets.stop)
  if (settingsFile === undefined) return
  const options = { file: settingsFile, pollMs: filesPollMs, features, log, logLevel, metrics }
  closers.add('settings', followSettings(settings, options).stop)
}

/** Node's warnings as lines of the log, like everything else. */
function tellWarnings(log: Logger): void {
  process.removeAllListeners('warning')
  process.on('warning', (warning) => log.warn({ error: warning }, 'A warning of the runtime'))
}

/** Loaded where it is wanted: a service that needs no broker has no client for one. */
async function shippingOf({ shipping }: TelemetryConfig): Promise<LogShipping | undefined> {
  if (shipping === undefined) return undefined
  const { createLogShipping } = await import('./kafka/log-shipping.ts')
  return createLogShipping(shipping)
}

/** What a hung part leaves of the time to drain may be nothing, and its last lines are those most wanted. */
const flushMinMs = 500
/** A broker that is away is not waited for at the end. */
const flushMaxMs = 3000

function endOnce(
  context: ServiceContext,
  ending: AbortController,
  telemetry: TelemetryConfig,
  shipping: LogShipping | undefined
) {
  return async (reason: string, exitCode: number): Promise<void> => {
    if (exitCode !== 0) process.exitCode = exitCode
    if (ending.signal.aborted) return
    context.log.info({ reason }, 'Ending')
    context.health.drain()
    ending.abort()
    if (exitCode === 0 && telemetry.drainDelayMs > 0) {
      await new Promise((resolve) => setTimeout(resolve, telemetry.drainDelayMs))
    }
    const drainedBy = performance.now() + telemetry.drainTimeoutMs
    const clean = await context.closers.closeAll(telemetry.drainTimeoutMs)
    context.log.info({ reason, clean }, 'Ended')
    await shipping?.close(Math.max(flushMinMs, Math.min(flushMaxMs, drainedBy - performance.now())))
    // Everything is released; a driver's forgotten timer must not keep the process.
    setTimeout(() => process.exit(process.exitCode ?? (clean ? 0 : 1)), 50)
  }
}
