import { httpConfig, readAll, telemetryConfig, type Environment } from '@gavel/platform/config.ts'

export type Config = ReturnType<typeof webConfig>
export const webConfig = (env: Environment = process.env) =>
  readAll({ http: () => httpConfig(env), telemetry: () => telemetryConfig(env) })
