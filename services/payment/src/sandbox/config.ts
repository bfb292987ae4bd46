import { port, readAll, readConfig, secret, telemetryConfig, text, type Environment } from '@gavel/platform/config.ts'

export type SandboxConfig = ReturnType<typeof readSandboxConfig>

export function readSandboxConfig(env: Environment = process.env) {
  const { sandbox, telemetry } = readAll({
    sandbox: () =>
      readConfig(env, {
        HOST: text({ default: '127.0.0.1' }),
        PORT: port({ default: 8090 }),
        /** What a caller must present as its bearer token. */
        API_KEY: secret(),
        /** Everything acknowledged is in this file before the answer goes out. */
        DATA_FILE: text({ default: 'sandbox-provider.jsonl' })
      }),
    telemetry: () => telemetryConfig(env)
  })
  return {
    host: sandbox.HOST,
    port: sandbox.PORT,
    apiKey: sandbox.API_KEY,
    dataFile: sandbox.DATA_FILE,
    telemetry
  } as const
}
