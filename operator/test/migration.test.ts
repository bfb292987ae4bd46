import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import pg from 'pg'
import { expect, test } from 'vitest'
import { services } from '../../services/contracts/src/services.ts'
import { aContext } from '../src/controllers/platform/a-platform.ts'
import { plainVariables } from '../src/controllers/platform/resources/environment.ts'
import { migrationJob } from '../src/controllers/platform/resources/migration.ts'
import { freshPostgres } from '../../test/support/database.ts'

interface Variable {
  name: string
  value?: string
}

test.each(services.filter(({ stores }) => stores.includes('postgres')))(
  'the migration of $name, with what its Job is given, makes the tables and ends; a second time it ends too',
  async (service) => {
    const database = await freshPostgres()
    const context = aContext()
    const { spec } = migrationJob(context, service).object as unknown as {
      spec: { template: { spec: { containers: { env: Variable[] }[] } } }
    }
    // The Secrets' values, where the Job only says where they are. Nothing but the database is there to be reached.
    const secret = (name: string): string =>
      ({
        POSTGRES_URL: database.url,
        KEY_ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64'),
        REDIS_URL: 'redis://127.0.0.1:1',
        ADMIN_EMAIL: 'admin@example.org'
      })[name] ?? 'unused'
    const env = spec.template.spec.containers[0]?.env ?? []
    const given = Object.fromEntries(
      env.map(({ name, value }) => [name, value === undefined || name === 'POSTGRES_URL' ? secret(name) : value])
    )
    const main = join(import.meta.dirname, '../../services', service.name, 'src/main.ts')
    for (let time = 1; time <= 2; time++) {
      const child = spawn(process.execPath, [main], {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { PATH: process.env['PATH'], ...plainVariables(context, service), ...given }
      })
      expect(await once(child, 'exit')).toEqual([0, null])
    }
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    const { rows } = await client.query<{ applied: number }>('select count(*)::int as applied from migrations')
    await client.end()
    await database.release()
    expect(rows[0]?.applied).toBeGreaterThan(0)
  }
)
