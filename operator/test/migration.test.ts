import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { expect, test } from 'vitest'
import { services } from '../../services/contracts/src/services.ts'
import { aContext } from '../src/controllers/platform/a-platform.ts'
import { environmentInPod } from '../src/controllers/platform/a-pod.ts'
import { migrationJob } from '../src/controllers/platform/resources/migration.ts'
import { freshPostgres } from '../../test/support/database.ts'

test.each(services.filter(({ stores }) => stores.includes('postgres')))(
  'the migration of $name, with what its Job is given, makes the tables and ends; a second time it ends too',
  async (service) => {
    const database = await freshPostgres()
    const { postgres, ...backends } = aContext().spec.backends
    const context = aContext({ backends: { ...backends, postgres: { ...postgres, urlTemplate: '$(SECRET)' } } })
    const { spec } = migrationJob(context, service).object as unknown as {
      spec: { template: { spec: { containers: { env: { name: string; value: string }[] }[] } } }
    }
    // The Secrets' values, where the Job only says where they are. Nothing but the database is there to be reached.
    const folder = mkdtempSync(join(tmpdir(), 'gavel-migration-'))
    const secrets: Record<string, string> = {
      POSTGRES_URL: database.url,
      KEY_ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64'),
      REDIS_URL: 'redis://127.0.0.1:1',
      ADMIN_EMAIL: 'admin@example.org'
    }
    const env = environmentInPod(context, service, folder, (_secret, _key, file) => secrets[file] ?? 'unused')
    const own = spec.template.spec.containers[0]?.env ?? []
    for (const { name, value } of own) env[name] = value
    const main = join(import.meta.dirname, '../../services', service.name, 'src/main.ts')
    for (let time = 1; time <= 2; time++) {
      const child = spawn(process.execPath, [main], {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { PATH: process.env['PATH'], ...env }
      })
      expect(await once(child, 'exit')).toEqual([0, null])
    }
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    const { rows } = await client.query<{ applied: number }>('select count(*)::int as applied from migrations')
    await client.end()
    await database.release()
    rmSync(folder, { recursive: true })
    expect(rows[0]?.applied).toBeGreaterThan(0)
  }
)
