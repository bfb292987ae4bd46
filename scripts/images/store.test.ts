import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { repository } from '@gavel/standalone/config.ts'
import { closureOf } from './closure.ts'
import { ImageStore } from './store.ts'

const home = mkdtempSync(join(tmpdir(), 'gavel-images-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** The same file, made at another time by somebody with another umask. */
async function image(directory: string, seconds: number, mode: number): Promise<ImageStore> {
  const store = new ImageStore(join(home, directory))
  const layer = await store.layer((root) => {
    const file = join(root, 'main.js')
    writeFileSync(file, 'console.log(1)')
    chmodSync(file, mode)
    utimesSync(file, seconds, seconds)
  })
  store.image({
    name: 'gavel.test/one:1',
    layers: [layer],
    entrypoint: ['/main.js'],
    user: '10001',
    labels: { a: 'b' }
  })
  return store
}

describe('an image', () => {
  test('is the same bytes whoever builds it, whenever', async () => {
    const [first, second] = [await image('a', 1_000, 0o644), await image('b', 2_000_000, 0o664)]
    expect(first.digestOf('gavel.test/one:1')).toBe(second.digestOf('gavel.test/one:1'))
    for (const [store, file] of [
      [first, 'a.tar'],
      [second, 'b.tar']
    ] as const) {
      await store.archive(join(home, file), ['gavel.test/one:1'])
    }
    expect(readFileSync(join(home, 'a.tar')).equals(readFileSync(join(home, 'b.tar')))).toBe(true)
  })

  test('is in an archive that says its name and has every part of it once', async () => {
    const store = await image('c', 1_000, 0o644)
    store.variant('gavel.test/one:1', 'gavel.test/one:2', { version: '2', command: ['other'] })
    const file = join(home, 'c.tar')
    await store.archive(file, ['gavel.test/one:1', 'gavel.test/one:2'])
    const read = (name: string): string => execFileSync('tar', ['-xOf', file, name], { encoding: 'utf8' })
    const { manifests } = JSON.parse(read('index.json')) as {
      manifests: { digest: string; annotations: Record<string, string> }[]
    }
    expect(manifests.map(({ annotations }) => annotations['io.containerd.image.name'])).toEqual([
      'gavel.test/one:1',
      'gavel.test/one:2'
    ])
    const names = execFileSync('tar', ['-tf', file], { encoding: 'utf8' }).trim().split('\n')
    // Two manifests, two configurations, and the one layer of both.
    expect(names.filter((name) => name.startsWith('blobs/'))).toHaveLength(5)
    const config = (at: number) => {
      const manifest = JSON.parse(read(`blobs/${manifests[at]!.digest.replace(':', '/')}`)) as {
        config: { digest: string }
      }
      return JSON.parse(read(`blobs/${manifest.config.digest.replace(':', '/')}`)) as {
        config: Record<string, unknown>
      }
    }
    expect(config(0).config).toMatchObject({ User: '10001', Entrypoint: ['/main.js'], Labels: { a: 'b' } })
    expect(config(1).config).toMatchObject({ Cmd: ['other'], Labels: { 'org.opencontainers.image.version': '2' } })
  })

  test('that was not made cannot be put into an archive', async () => {
    await expect(new ImageStore(join(home, 'd')).archive(join(home, 'd.tar'), ['nothing:1'])).rejects.toThrow(
      'There is no image nothing:1'
    )
  })
})

describe('what a service needs when it runs', () => {
  const identity = closureOf(repository, 'services/identity')
  const order = closureOf(repository, 'services/order')

  test('is its own packages and those of what it stands on', () => {
    expect(identity.workspaces).toEqual(['services/contracts', 'services/identity', 'services/platform'])
    expect(identity.packages).toEqual(
      expect.arrayContaining(['node_modules/@node-rs/argon2', 'node_modules/fastify', 'node_modules/pg'])
    )
    expect(order.packages).not.toContain('node_modules/@node-rs/argon2')
  })

  test('is nothing that only serves development', () => {
    const tools = ['vitest', 'typescript', 'prettier', 'knip', 'oxlint'].map((name) => `node_modules/${name}`)
    expect(order.packages.filter((path) => tools.includes(path))).toEqual([])
  })
})
