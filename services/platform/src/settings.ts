import { createHash } from 'node:crypto'
import { Type, type Static } from 'typebox'
import { plainSchema } from '@gavel/contracts/json-schema.ts'
import { setLogLevel, type Logger } from './log.ts'
import { counter, gauge, type Registry } from './metrics.ts'
import { createAjv, explain } from './schema.ts'
import { watchFile } from './watched-file.ts'

/**
 * What may change while a process runs. Everything else is configuration: read once, at the start. A member that is absent has the
 * value that the configuration gives it, so an empty file is the way back.
 */
const LogLevelName = Type.Union(
  (['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const).map((level) => Type.Literal(level))
)
const RateLimits = Type.Object(
  { webSocketMessagesPerMinute: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })) },
  { additionalProperties: false }
)
const settingsSchema = (features: readonly string[]) =>
  Type.Object(
    {
      logLevel: Type.Optional(LogLevelName),
      rateLimits: Type.Optional(RateLimits),
      features: Type.Optional(
        Type.Object(Object.fromEntries(features.map((name) => [name, Type.Optional(Type.Boolean())])), {
          additionalProperties: false
        })
      )
    },
    { additionalProperties: false }
  )

export interface SettingsValues {
  readonly logLevel?: string
  readonly rateLimits?: Static<typeof RateLimits>
  readonly features?: Readonly<Record<string, boolean>>
}

/** The values that hold now. Ask each time: what was asked for before may be over. */
export class Settings {
  #values: SettingsValues = {}
  readonly #listeners = new Set<(values: SettingsValues) => void>()

  get values(): SettingsValues {
    return this.#values
  }

  /** A switch, or what the configuration says where nobody has turned it. */
  feature(name: string, otherwise: boolean): boolean {
    return this.#values.features?.[name] ?? otherwise
  }

  onChange(listener: (values: SettingsValues) => void): void {
    this.#listeners.add(listener)
  }

  replace(values: SettingsValues): void {
    this.#values = values
    for (const listener of this.#listeners) listener(values)
  }
}

/** Reads the text of a settings file, or throws a sentence about what is wrong with it. */
export function settingsParser(features: readonly string[]): (text: string) => SettingsValues {
  const validate = createAjv({ coerce: false }).compile<SettingsValues>(plainSchema(settingsSchema(features)))
  return (text) => {
    let values: unknown
    try {
      values = text.trim() === '' ? {} : JSON.parse(text)
    } catch (error) {
      throw new Error(`The settings are not JSON: ${(error as Error).message}`, { cause: error })
    }
    if (!validate(values)) throw new Error(explain(validate.errors ?? [], 'settings').detail)
    return values
  }
}

export interface SettingsFileOptions {
  file: string
  pollMs: number
  features: readonly string[]
  log: Logger
  /** The level of the configuration. */
  logLevel: string
  metrics: Registry
}

/** Applies a file and each of its changes, whole or not at all. What is wrong is told and changes nothing. */
export function followSettings(settings: Settings, options: SettingsFileOptions): { stop: () => void } {
  const { log, metrics, file } = options
  const parse = settingsParser(options.features)
  const loads = counter(metrics, {
    name: 'settings_loads_total',
    help: 'Times that the file of settings held something new, by what became of it.',
    labelNames: ['outcome']
  })
  for (const outcome of ['applied', 'refused']) loads.inc({ outcome }, 0)
  const applied = gauge(metrics, {
    name: 'settings_applied_info',
    help: 'The settings that hold now: the beginning of the SHA-256 of their file.',
    labelNames: ['sha256']
  })
  settings.onChange(({ logLevel }) => setLogLevel(log, logLevel ?? options.logLevel))
  return watchFile(file, {
    pollMs: options.pollMs,
    onText: (text) => {
      let values: SettingsValues
      try {
        values = parse(text)
      } catch (error) {
        loads.inc({ outcome: 'refused' })
        log.error({ file, error }, 'The settings are wrong and change nothing')
        return
      }
      settings.replace(values)
      const sha256 = createHash('sha256').update(text).digest('hex').slice(0, 12)
      applied.reset()
      applied.set({ sha256 }, 1)
      loads.inc({ outcome: 'applied' })
      log.warn({ settings: values, sha256 }, 'Settings applied')
    },
    onMissing: (error) => log.warn({ file, error }, 'The file of settings cannot be read: what was applied last holds')
  })
}
