import { readFileSync } from 'node:fs'
import { withFirstHost } from './first-host.ts'
import { rememberSecret } from './known-secrets.ts'
import { Secret } from './secret.ts'

export { Secret } from './secret.ts'

/** The only reader of the environment. A missing or wrong variable stops the process by its name, all of them at once. */

export type Environment = Record<string, string | undefined>

export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`The configuration is not complete:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

export interface Field<Value> {
  /** Reads the raw text or throws a sentence about what is wrong with it. Never repeats a secret's text. */
  parse: (raw: string) => Value
  fallback?: Value
  optional?: boolean
  secret?: boolean
}

type Options<Value> = { default?: Value; optional?: boolean }

function field<Value>(parse: (raw: string) => Value, options: Options<Value>): Field<Value> {
  const made: Field<Value> = { parse }
  if (options.default !== undefined) made.fallback = options.default
  if (options.optional !== undefined) made.optional = options.optional
  return made
}

export const text = (options: Options<string> & { pattern?: RegExp } = {}): Field<string> =>
  field((raw) => {
    if (options.pattern && !options.pattern.test(raw)) throw new Error(`must match ${options.pattern.source}`)
    return raw
  }, options)

export const integer = (options: Options<number> & { min?: number; max?: number } = {}): Field<number> =>
  field((raw) => {
    if (!/^-?\d{1,15}$/.test(raw.trim())) throw new Error('must be a whole number')
    const value = Number(raw)
    if (options.min !== undefined && value < options.min) throw new Error(`must be at least ${options.min}`)
    if (options.max !== undefined && value > options.max) throw new Error(`must be at most ${options.max}`)
    return value
  }, options)

export const port = (options: Options<number> = {}): Field<number> => integer({ ...options, min: 0, max: 65535 })

/** Comma-separated; empty parts are dropped. */
export const list = (options: Options<readonly string[]> = {}): Field<readonly string[]> =>
  field((raw) => {
    const parts = raw
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
    if (parts.length === 0) throw new Error('must name at least one, separated by commas')
    return parts
  }, options)

export const url = (options: Options<string> & { protocols?: readonly string[] } = {}): Field<string> =>
  field((raw) => {
    if (!URL.canParse(raw)) throw new Error('must be a URL')
    const protocol = new URL(raw).protocol.replace(/:$/, '')
    if (options.protocols && !options.protocols.includes(protocol)) {
      throw new Error(`must be a URL that starts with ${options.protocols.map((name) => `${name}://`).join(' or ')}`)
    }
    return raw
  }, options)

export const flag = (options: Options<boolean> = {}): Field<boolean> =>
  field((raw) => {
    if (/^(true|1|yes|on)$/i.test(raw)) return true
    if (/^(false|0|no|off)$/i.test(raw)) return false
    throw new Error('must be true or false')
  }, options)

export const oneOf = <const Value extends string>(
  values: readonly Value[],
  options: Options<Value> = {}
): Field<Value> =>
  field((raw) => {
    const found = values.find((value) => value === raw)
    if (found === undefined) throw new Error(`must be one of ${values.join(', ')}`)
    return found
  }, options)

/**
 * Also read from the file that `<NAME>_FILE` names, as Kubernetes and Docker mount secrets, or from Vault, where `<NAME>_VAULT` names
 * `path#key`. Both are followed while the process runs. What they hold may be a part of the value: `<NAME>_TEMPLATE` has the rest, with
 * `$(SECRET)` in its place.
 */
export const secret = (options: Options<string> & { check?: (raw: string) => void } = {}): Field<Secret> => {
  const check = options.check ?? (() => undefined)
  const made: Field<Secret> = {
    secret: true,
    parse: (raw) => {
      check(raw)
      rememberSecret(raw)
      return new Secret(raw)
    }
  }
  if (options.default !== undefined) made.fallback = new Secret(options.default)
  if (options.optional !== undefined) made.optional = options.optional
  return made
}

const secretUrl = (protocols: readonly string[]): Field<Secret> => {
  const { parse } = url({ protocols })
  return secret({ check: (raw) => void parse(withFirstHost(raw)) })
}

/** `optional` fields are `undefined` when absent; cast at the definition with `optional()`. */
export const optional = <Value>(required: Field<Value>): Field<Value | undefined> => ({ ...required, optional: true })

type Fields = Record<string, Field<unknown>>
export type ConfigOf<Definition extends Fields> = {
  readonly [Name in keyof Definition]: Definition[Name] extends Field<infer Value> ? Value : never
}

/** A secret that may have a new value while the process runs. */
export interface RotatingSecret {
  name: string
  secret: Secret
  /** Throws where a value cannot be what it should be. */
  check: (raw: string) => void
  file?: string
  /** What Vault said last. */
  readonly vaultValue?: string | undefined
  /** The whole value of what its file or Vault holds. */
  whole: (part: string) => string
}

const rotating = new Set<RotatingSecret>()
export const rotatingSecrets = (): readonly RotatingSecret[] => [...rotating]

const vaultValues = new Map<string, string>()
/** Read before the configuration, because reading takes time and the configuration takes none. */
export const giveVaultValue = (name: string, value: string): void => void vaultValues.set(name, value)

const vaultSuffix = '_VAULT'
/** The variables that refer to Vault, by the name of the secret that they stand for. */
export function vaultReferences(env: Environment): { name: string; path: string; key: string }[] {
  const given = Object.entries(env).filter(
    ([name, value]) => name.endsWith(vaultSuffix) && value !== undefined && value !== ''
  )
  const wrong = given.filter(([, value]) => !/^[^#\s]+#[^#\s]+$/.test(value ?? ''))
  if (wrong.length > 0) throw new ConfigError(wrong.map(([name]) => `${name} must be path#key`))
  return given.map(([name, value]) => {
    const [path = '', key = ''] = (value ?? '').split('#')
    return { name: name.slice(0, -vaultSuffix.length), path, key }
  })
}

/** Where a value comes from; `file` and `vault` may have another one later. */
interface RawValue {
  raw: string
  file?: string
  vault?: boolean
  whole?: (part: string) => string
}

function wholeBy(env: Environment, name: string): (part: string) => string {
  const template = env[`${name}_TEMPLATE`]
  if (template === undefined || template === '') return (part) => part
  return (part) => {
    rememberSecret(part)
    return template.replaceAll('$(SECRET)', () => part)
  }
}

function rawValue(env: Environment, name: string, definition: Field<unknown>): RawValue | undefined {
  const direct = env[name]
  if (direct !== undefined && direct !== '') return { raw: direct }
  if (definition.secret !== true) return undefined
  const whole = wholeBy(env, name)
  const reference = env[`${name}${vaultSuffix}`]
  if (reference !== undefined && reference !== '') {
    const value = vaultValues.get(name)
    if (value === undefined) throw new Error(`is not in Vault where ${name}${vaultSuffix} says`)
    return { raw: whole(value), vault: true, whole }
  }
  const file = env[`${name}_FILE`]
  if (file === undefined || file === '') return undefined
  try {
    return { raw: whole(readFileSync(file, 'utf8').trim()), file, whole }
  } catch (error) {
    throw new Error(
      `cannot be read from the file that ${name}_FILE names (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`
    )
  }
}

function follow(name: string, secret: Secret, { parse }: Field<unknown>, { file, vault, whole }: RawValue): void {
  if (whole === undefined) return
  rotating.add({
    name,
    secret,
    whole,
    check: (raw) => void parse(raw),
    ...(file === undefined ? {} : { file }),
    get vaultValue() {
      return vault === true ? vaultValues.get(name) : undefined
    }
  })
}

export function readConfig<const Definition extends Fields>(
  env: Environment,
  fields: Definition
): ConfigOf<Definition> {
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, definition] of Object.entries(fields)) {
    try {
      const found = rawValue(env, name, definition)
      if (found !== undefined) {
        const value = definition.parse(found.raw)
        values[name] = value
        if (value instanceof Secret) follow(name, value, definition, found)
      } else if (definition.fallback !== undefined) values[name] = definition.fallback
      else if (definition.optional === true) values[name] = undefined
      else problems.push(`${name} is missing`)
    } catch (error) {
      problems.push(`${name} ${(error as Error).message}`)
    }
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return values as ConfigOf<Definition>
}

/** Reads several groups and reports what is wrong in all of them at once. */
export function readAll<const Readers extends Record<string, () => unknown>>(
  readers: Readers
): { readonly [Name in keyof Readers]: ReturnType<Readers[Name]> } {
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, read] of Object.entries(readers)) {
    try {
      values[name] = read()
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      problems.push(...error.problems)
    }
  }
  if (problems.length > 0) throw new ConfigError([...new Set(problems)])
  return values as { readonly [Name in keyof Readers]: ReturnType<Readers[Name]> }
}

export type HttpConfig = ReturnType<typeof httpConfig>
export function httpConfig(env: Environment) {
  const read = readConfig(env, {
    HOST: text({ default: '0.0.0.0' }),
    PORT: port({ default: 8080 }),
    TRUSTED_PROXIES: list({ default: ['127.0.0.1/8', '::1/128', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'] }),
    BODY_LIMIT_BYTES: integer({ default: 256 * 1024, min: 1024, max: 16 * 1024 * 1024 }),
    REQUEST_TIMEOUT_MS: integer({ default: 15_000, min: 100, max: 600_000 }),
    ALLOWED_ORIGINS: list({ default: [] })
  })
  return {
    host: read.HOST,
    port: read.PORT,
    trustedProxies: read.TRUSTED_PROXIES,
    bodyLimitBytes: read.BODY_LIMIT_BYTES,
    requestTimeoutMs: read.REQUEST_TIMEOUT_MS,
    origins: read.ALLOWED_ORIGINS
  } as const
}

export type KafkaConfig = ReturnType<typeof kafkaConfig>
export function kafkaConfig(env: Environment) {
  const read = readConfig(env, {
    KAFKA_BROKERS: list(),
    KAFKA_TOPIC_PREFIX: text({ default: '', pattern: /^[A-Za-z0-9._-]{0,60}$/ }),
    KAFKA_CLIENT_ID: text({ default: '' })
  })
  return { brokers: read.KAFKA_BROKERS, topicPrefix: read.KAFKA_TOPIC_PREFIX, clientId: read.KAFKA_CLIENT_ID } as const
}

export type PostgresConfig = ReturnType<typeof postgresConfig>
export function postgresConfig(env: Environment) {
  const read = readConfig(env, {
    POSTGRES_URL: secretUrl(['postgres', 'postgresql']),
    POSTGRES_POOL_MAX: integer({ default: 10, min: 2, max: 200 }),
    POSTGRES_STATEMENT_TIMEOUT_MS: integer({ default: 10_000, min: 100, max: 600_000 })
  })
  return {
    url: read.POSTGRES_URL,
    poolMax: read.POSTGRES_POOL_MAX,
    statementTimeoutMs: read.POSTGRES_STATEMENT_TIMEOUT_MS
  } as const
}

export type MongoConfig = ReturnType<typeof mongoConfig>
export function mongoConfig(env: Environment) {
  const read = readConfig(env, {
    MONGODB_URL: secretUrl(['mongodb', 'mongodb+srv']),
    MONGODB_DATABASE: text({ pattern: /^[A-Za-z0-9_-]{1,63}$/ }),
    MONGODB_POOL_MAX: integer({ default: 20, min: 2, max: 500 })
  })
  return { url: read.MONGODB_URL, database: read.MONGODB_DATABASE, poolMax: read.MONGODB_POOL_MAX } as const
}

export type RedisConfig = ReturnType<typeof redisConfig>
export function redisConfig(env: Environment) {
  const read = readConfig(env, { REDIS_URL: secretUrl(['redis', 'rediss']), REDIS_KEY_PREFIX: text({ default: '' }) })
  return { url: read.REDIS_URL, keyPrefix: read.REDIS_KEY_PREFIX } as const
}

export type AuthConfig = ReturnType<typeof authConfig>
export function authConfig(env: Environment) {
  const read = readConfig(env, {
    JWKS_URL: url({ protocols: ['http', 'https'] }),
    TOKEN_ISSUER: text({ default: 'https://gavel.dev' }),
    TOKEN_AUDIENCE: text({ default: 'gavel' })
  })
  return { jwksUrl: read.JWKS_URL, issuer: read.TOKEN_ISSUER, audience: read.TOKEN_AUDIENCE } as const
}

export type TelemetryConfig = ReturnType<typeof telemetryConfig>
/** What every process has: how it logs, traces and ends. `runService` reads it by itself. */
export function telemetryConfig(env: Environment) {
  const read = readConfig(env, {
    LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], { default: 'info' }),
    OTEL_EXPORTER_OTLP_ENDPOINT: optional(url({ protocols: ['http', 'https'] })),
    DRAIN_TIMEOUT_MS: integer({ default: 20_000, min: 0, max: 600_000 }),
    DRAIN_DELAY_MS: integer({ default: 0, min: 0, max: 60_000 }),
    LOG_KAFKA_BROKERS: optional(list()),
    KAFKA_TOPIC_PREFIX: text({ default: '', pattern: /^[A-Za-z0-9._-]{0,60}$/ }),
    SETTINGS_FILE: optional(text()),
    FILES_POLL_MS: integer({ default: 5_000, min: 50, max: 600_000 }),
    LOG_BUFFER_LINES: integer({ default: 10_000, min: 10, max: 1_000_000 }),
    LOG_BUFFER_BYTES: integer({ default: 8 * 1024 * 1024, min: 64 * 1024, max: 256 * 1024 * 1024 })
  })
  const shipping = {
    brokers: read.LOG_KAFKA_BROKERS ?? [],
    topicPrefix: read.KAFKA_TOPIC_PREFIX,
    linesMax: read.LOG_BUFFER_LINES,
    bytesMax: read.LOG_BUFFER_BYTES
  }
  return {
    logLevel: read.LOG_LEVEL,
    /** Where the log goes besides standard output; nowhere where no broker is named. */
    shipping: shipping.brokers.length > 0 ? shipping : undefined,
    /** A mounted file of what may change while the process runs. */
    settingsFile: read.SETTINGS_FILE,
    /** How often mounted files are looked at where the file system does not tell of their changes. */
    filesPollMs: read.FILES_POLL_MS,
    otlpEndpoint: read.OTEL_EXPORTER_OTLP_ENDPOINT,
    drainTimeoutMs: read.DRAIN_TIMEOUT_MS,
    /** How long `/readyz` says no before anything closes, for a load balancer to notice. */
    drainDelayMs: read.DRAIN_DELAY_MS
  } as const
}

/** Whether a process is started to migrate its database and nothing else. */
export const migrateOnly = (env: Environment): boolean =>
  readConfig(env, { MIGRATE_ONLY: flag({ default: false }) }).MIGRATE_ONLY

/** For `runService` alone, where a service gives no telemetry group of its own. */
export const processEnvironment = (): Environment => process.env
