import { fileURLToPath } from 'node:url'
import { httpConfig, readAll, readConfig, telemetryConfig, text, type Environment } from '@gavel/platform/config.ts'

const built = fileURLToPath(new URL('../dist/current/', import.meta.url))

export type Config = ReturnType<typeof webConfig>
export function webConfig(env: Environment = process.env) {
  const { pages, ...groups } = readAll({
    http: () => httpConfig(env),
    telemetry: () => telemetryConfig(env),
    pages: () => readConfig(env, { PAGES_DIRECTORY: text({ default: built }) })
  })
  return { ...groups, pages: { directory: pages.PAGES_DIRECTORY } } as const
}
