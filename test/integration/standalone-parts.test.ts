import type { BackendName } from '@gavel/standalone/backends/all.ts'
import type { Platform } from '@gavel/standalone/platform.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { freshPlatform } from '../support/platform.ts'

let platform: Platform
beforeAll(async () => {
  platform = await freshPlatform({ services: ['catalog'] })
})
afterAll(() => platform?.stop())

const readiness = async (): Promise<{ status: string; parts: Record<string, { status: string }> }> => {
  const response = await fetch(`http://127.0.0.1:${platform.ports['catalog']}/readyz`)
  return (await response.json()) as Awaited<ReturnType<typeof readiness>>
}

test.each<BackendName>(['kafka', 'postgres', 'redis'])(
  '%s killed with kill -9 is down, and started again serves the same address with its data',
  async (name) => {
    const backend = platform.backend(name)
    await backend.kill('SIGKILL')
    expect(backend.pid()).toBeUndefined()
    expect(await eventually(async () => (await readiness()).parts[name]?.status === 'down')).toBe(true)
    await backend.start()
    expect(await eventually(async () => (await readiness()).status === 'ready')).toBe(true)
  }
)

test('MongoDB killed with kill -9 is a primary again when it is started', async () => {
  const backend = platform.backend('mongodb')
  const before = backend.pid()
  await backend.kill('SIGKILL')
  await backend.start()
  expect(backend.pid()).not.toBe(before)
})

test('a service killed with kill -9 stays away until it is started, and is then ready', async () => {
  const catalog = platform.service('catalog')
  await catalog.kill('SIGKILL')
  await expect(readiness()).rejects.toThrow('fetch failed')
  await catalog.start()
  expect((await readiness()).status).toBe('ready')
})

test('a part that does not exist is refused with the names of those that do', () => {
  expect(() => platform.service('auctioneer')).toThrow(/no auctioneer here; there is .*catalog/)
})
