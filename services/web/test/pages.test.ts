import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { services } from '@gavel/contracts/services.ts'
import { createContext, type ServiceContext } from '@gavel/platform/service.ts'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildApp } from '../src/app.ts'
import { buildPages } from '../src/build/build.ts'
import { webConfig } from '../src/config.ts'

const config = webConfig({})
const assets = join(config.pages.directory, 'assets')
let context: ServiceContext
let app: FastifyInstance

beforeAll(async () => {
  execFileSync(process.execPath, [join(import.meta.dirname, '../src/build/main.ts')], { stdio: 'pipe' })
  context = createContext({ name: 'web', logLevel: 'silent' })
  app = buildApp(context, config)
  await app.ready()
})
afterAll(() => context.closers.closeAll(5_000))

const files = (ending: string): string[] => readdirSync(assets).filter((name) => name.endsWith(ending))
const typeOf = async (path: string) => {
  const { statusCode, headers } = await app.inject(path)
  return [statusCode, headers['content-type']?.split(';')[0]]
}

describe('the page', () => {
  test.each(['/', '/auctions', '/auctions/some-id', '/account/orders/a.1', '/admin', '/operations/health'])(
    'answers at its own address %s, and is asked for again each time',
    async (path) => {
      expect(await typeOf(path)).toEqual([200, 'text/html'])
      const { headers } = await app.inject(path)
      expect(headers['cache-control']).toBe('no-cache')
      const again = await app.inject({ url: path, headers: { 'if-none-match': String(headers.etag) } })
      expect([again.statusCode, again.body]).toEqual([304, ''])
    }
  )

  test('says with the first page what that asks first, in the words in which it is asked, and nowhere else', async () => {
    const ahead = String((await app.inject('/')).headers.link)
    expect(ahead).toBe('</api/auctions?status=open&limit=24>; rel=preload; as=fetch; crossorigin')
    for (const path of ['/?status=closed', '/auctions/some-id', '/admin'])
      expect((await app.inject(path)).headers.link, path).toBeUndefined()
  })

  test('fetches ahead only what the first page is drawn with', () => {
    const html = readFileSync(join(config.pages.directory, 'index.html'), 'utf8')
    const first = [...html.matchAll(/(?:src|href)="\/assets\/([^"]+\.js)"/g)].map(([, name]) => name)
    expect(first.length).toBeGreaterThan(0)
    for (const part of ['account', 'admin', 'auction-page', 'find', 'mailed', 'operations', 'sign-in', 'verify']) {
      expect(
        files('.js').some((name) => name.startsWith(`${part}-`)),
        part
      ).toBe(true)
      expect(
        first.some((name) => name?.startsWith(`${part}-`)),
        part
      ).toBe(false)
    }
  })

  test('has its files with their types; one with a hash in its name is kept for good', async () => {
    const types = { js: 'application/javascript', css: 'text/css', svg: 'image/svg+xml', woff2: 'font/woff2' }
    for (const [ending, type] of Object.entries(types)) {
      expect(files(`.${ending}`).length, ending).toBeGreaterThan(0)
      for (const file of files(`.${ending}`)) expect(await typeOf(`/assets/${file}`), file).toEqual([200, type])
    }
    const script = await app.inject(`/assets/${files('.js')[0]}`)
    expect(script.headers['cache-control']).toBe('public, max-age=31536000, immutable')
    expect((await app.inject('/assets/icon.svg')).headers['cache-control']).toBe('no-cache')
  })

  test('is sent as it was compressed when it was built', async () => {
    const [file] = files('.css')
    const plain = await app.inject(`/assets/${file}`)
    expect(plain.headers['content-encoding']).toBeUndefined()
    const ways = { br: brotliDecompressSync, gzip: gunzipSync }
    for (const [encoding, open] of Object.entries(ways)) {
      const answer = await app.inject({ url: `/assets/${file}`, headers: { 'accept-encoding': encoding } })
      expect(answer.headers).toMatchObject({ 'content-encoding': encoding, vary: 'accept-encoding' })
      expect(open(answer.rawPayload).toString()).toBe(plain.body)
    }
  })

  test('has less than 200 kB of script, compressed, all its parts together', () => {
    const bytes = files('.js').map((name) => {
      const compressed = `${name}.br`
      return readFileSync(join(assets, files('.br').includes(compressed) ? compressed : name)).length
    })
    expect(bytes.reduce((sum, each) => sum + each, 0)).toBeLessThan(200_000)
  })

  test('holds nothing inline and takes nothing from elsewhere', () => {
    const html = readFileSync(join(config.pages.directory, 'index.html'), 'utf8')
    expect(html).not.toMatch(/<style|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=/)
    expect(html).not.toMatch(/https?:\/\//)
    for (const file of files('.css'))
      expect(readFileSync(join(assets, file), 'utf8')).not.toMatch(/url\((?!\/assets\/)/)
  })

  test('is not built again while its sources are the same', async () => {
    expect(await buildPages()).toBe(false)
  })
})

test.each([
  '/assets/nothing.js',
  '/assets/',
  '/assets/../app.ts',
  '/assets/..%2f..%2fapp.ts',
  '/page/index.html',
  '/main.ts',
  '/.fingerprint'
])('nothing else is served: %s', async (path) => {
  const answer = await app.inject(path)
  expect(answer.statusCode).toBe(404)
  expect(answer.json().code).toBe('NOT_FOUND')
})

test('without built pages it does not start, and says how to build them', async () => {
  const empty = createContext({ name: 'web', logLevel: 'silent' })
  expect(() => buildApp(empty, { ...config, pages: { directory: '/nowhere' } })).toThrow('npm run pages')
  await empty.closers.closeAll(5_000)
})

test('the reference shows every operation of every service, under a strict policy', async () => {
  const answer = await app.inject('/docs/')
  expect(answer.statusCode).toBe(200)
  expect(answer.headers['content-security-policy']).toContain("script-src 'self';")
  expect(answer.headers['content-security-policy']).not.toMatch(/unsafe-(inline|eval)/)
  const document = (await app.inject('/docs/json')).json()
  const described = Object.values<Record<string, { operationId: string }>>(document.paths).flatMap((path) =>
    Object.values(path).map(({ operationId }) => operationId)
  )
  expect(described.toSorted()).toEqual(services.flatMap(({ operations }) => operations.map(({ id }) => id)).toSorted())
})
