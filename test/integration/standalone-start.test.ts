import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { installKafka } from '@gavel/standalone/backends/kafka.ts'
import { readDirectories } from '@gavel/standalone/config.ts'
import { keptSecrets } from '@gavel/standalone/secrets.ts'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { freePortBase, startCommand } from '../support/command.ts'
import { platformHome, removeHome } from '../support/platform.ts'

const home = platformHome()
afterAll(() => removeHome(home))
afterEach(() => vi.unstubAllEnvs())

async function listenOn(port: number): Promise<AsyncDisposable> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return { [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) }
}

test.each([
  { offset: 92, part: 'Kafka', variable: 'GAVEL_KAFKA_PORT' },
  { offset: 80, part: 'the gateway', variable: 'GAVEL_PORT' },
  { offset: 103, part: 'bidding', variable: 'GAVEL_BIDDING_PORT' }
])(
  'a taken port of $part is named with the variable that moves it, and nothing is started',
  async ({ offset, part, variable }) => {
    const portBase = await freePortBase()
    await using _taken = await listenOn(portBase + offset)
    const command = startCommand({ home, portBase })
    expect(await command.exited).toBe(1)
    expect(command.output()).toContain(
      `Port ${portBase + offset} is taken, needed by ${part}. Set ${variable} to a free port`
    )
    expect(command.output()).not.toContain('is ready')
  }
)

test('a port that is no number is named with its variable', async () => {
  const command = startCommand({ home, portBase: 20_000, env: { GAVEL_REDIS_PORT: 'redis' } })
  expect(await command.exited).toBe(1)
  expect(command.output()).toContain('GAVEL_REDIS_PORT is redis; it must be a port')
})

test('an option that does not exist is named, and nothing is started', async () => {
  const command = startCommand({ home, portBase: 20_000, args: ['--frehs'] })
  expect(await command.exited).toBe(2)
  expect(command.output()).toContain('There is no option --frehs')
})

test('a second start from the folder of a running one is refused, and a stale claim is taken over', async () => {
  const folder = join(home, 'claimed')
  mkdirSync(folder)
  const portBase = await freePortBase()
  await using _taken = await listenOn(portBase + 92)
  writeFileSync(join(folder, 'running.pid'), String(process.ppid))
  const overStale = startCommand({ home: folder, portBase })
  await overStale.exited
  expect(overStale.output()).toContain('is taken, needed by Kafka')

  const first = startCommand({ home: folder, portBase: await freePortBase() })
  await first.says('Redis is ready')
  const second = startCommand({ home: folder, portBase: await freePortBase(), args: ['--fresh'] })
  expect(await second.exited).toBe(1)
  expect(second.output()).toContain(`Gavel already runs from ${folder}`)
  first.signal('SIGINT')
  await first.exited
})

test('a missing Java is one sentence with its cure', async () => {
  vi.stubEnv('PATH', home)
  await expect(installKafka(readDirectories(), () => undefined)).rejects.toThrow(
    'java is missing, needed by Kafka (version 17 or newer). Install it: apt-get install openjdk-17-jre-headless'
  )
})

test('secrets are made once, kept, and readable by their owner alone', () => {
  const file = join(home, 'data', 'secrets.json')
  const first = keptSecrets(file)
  expect(keptSecrets(file)).toEqual(first)
  expect(statSync(file).mode & 0o777).toBe(0o600)
})
