import type { BackendUrls } from '@gavel/standalone/backends/all.ts'

export const backendVariables = {
  kafka: 'KAFKA_BROKERS',
  mongodb: 'MONGODB_URL',
  postgres: 'POSTGRES_URL',
  redis: 'REDIS_URL'
} as const satisfies Record<keyof BackendUrls, string>

export function givenBackends(): Partial<BackendUrls> {
  const found = Object.entries(backendVariables).map(([name, variable]) => [name, process.env[variable]] as const)
  return Object.fromEntries(found.filter(([, url]) => url))
}

/** The backends of this run: real ones, given by the environment or started by global-setup.ts. PostgreSQL's URL is without a database. */
export function backends(): BackendUrls {
  const given = givenBackends()
  for (const [name, variable] of Object.entries(backendVariables)) {
    if (!given[name as keyof BackendUrls]) {
      throw new Error(`${variable} is not set. Run this test through vitest's integration, e2e or resilience project.`)
    }
  }
  return given as BackendUrls
}
