import pg from 'pg'
import { afterAll, expect, test } from 'vitest'
import { freePortBase, startCommand } from '../support/command.ts'
import { platformHome, removeHome } from '../support/platform.ts'

const home = platformHome()
afterAll(() => removeHome(home))

/** Starts the platform, asks its PostgreSQL, and ends it in good order. */
async function inOneLife(portBase: number, args: string[], sql: string): Promise<{ rows: unknown[]; said: string }> {
  const command = startCommand({ home, portBase, args })
  try {
    await command.says('Gavel is ready')
    const client = new pg.Client(`postgres://postgres@127.0.0.1:${portBase + 32}/postgres`)
    await client.connect()
    const { rows } = await client.query(sql)
    await client.end()
    return { rows, said: command.output() }
  } finally {
    command.signal('SIGTERM')
    await command.exited
  }
}

const passwordIn = (said: string): string | undefined => /password (\S+)/.exec(said)?.[1]

test('what is stored survives a restart on other ports, and --fresh clears it', async () => {
  const first = await inOneLife(await freePortBase(), [], 'create table kept (word text)')
  const second = await inOneLife(await freePortBase(), [], `select to_regclass('kept') is not null as there`)
  expect(second.rows).toEqual([{ there: true }])
  expect(passwordIn(second.said)).toBe(passwordIn(first.said))

  const third = await inOneLife(await freePortBase(), ['--fresh'], `select to_regclass('kept') is not null as there`)
  expect(third.rows).toEqual([{ there: false }])
  expect(passwordIn(third.said)).not.toBe(passwordIn(first.said))
  // A bound against hanging: the whole platform starts three times.
}, 400_000)
