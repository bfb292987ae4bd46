import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { services } from '@gavel/contracts/services.ts'
import { createContext, type ServiceContext } from '@gavel/platform/service.ts'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildApp } from '../src/app.ts'
import { webConfig } from '../src/config.ts'

const assets = new URL('../src/page/assets/', import.meta.url)
let context: ServiceContext
let app: FastifyInstance

beforeAll(async () => {
  context = createContext({ name: 'web', logLevel: 'silent' })
  app = buildApp(context, webConfig({}))
  await app.ready()
})
afterAll(() => context.closers.closeAll(5_000))

const typeOf = async (path: string) => {
  const { statusCode, headers } = await app.inject(path)
  return [statusCode, headers['content-type']?.split(';')[0]]
}

test('the page and each of its files are served with their types, and asked for again', async () => {
  expect(await typeOf('/')).toEqual([200, 'text/html'])
  const types = { js: 'application/javascript', css: 'text/css', svg: 'image/svg+xml' }
  for (const file of readdirSync(assets)) {
    const ending = file.split('.').at(-1) as keyof typeof types
    expect(await typeOf(`/assets/${file}`), file).toEqual([200, types[ending]])
  }
  const { headers } = await app.inject('/assets/main.js')
  expect(headers['cache-control']).toBe('no-cache')
  const again = await app.inject({ url: '/assets/main.js', headers: { 'if-none-match': String(headers.etag) } })
  expect([again.statusCode, again.body]).toEqual([304, ''])
})

test.each([
  '/assets/nothing.js',
  '/assets/',
  '/assets/../app.ts',
  '/assets/..%2f..%2fapp.ts',
  '/page/index.html',
  '/main.ts'
])('nothing else is served: %s', async (path) => {
  const answer = await app.inject(path)
  expect(answer.statusCode).toBe(404)
  expect(answer.json().code).toBe('NOT_FOUND')
})

test('nothing on the page stands inline, and nothing comes from elsewhere', () => {
  const html = readFileSync(new URL('../index.html', assets), 'utf8')
  expect(html).not.toMatch(/<style|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=/)
  for (const file of readdirSync(assets)) {
    const text = readFileSync(new URL(file, assets), 'utf8').replaceAll('http://www.w3.org/2000/svg', '')
    expect(text, file).not.toMatch(/https?:\/\//)
    expect(text, file).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|\beval\(/)
  }
})

test('every module the page imports is there', () => {
  for (const file of readdirSync(assets).filter((name) => name.endsWith('.js'))) {
    const imports = [...readFileSync(new URL(file, assets), 'utf8').matchAll(/from '\.\/([^']+)'/g)].map(
      ([, name]) => name
    )
    for (const name of imports) expect(readdirSync(assets), `${file} imports ${name}`).toContain(name)
  }
})

test('the page’s modules agree with the contract’s types', () => {
  const tsc = new URL('../../../node_modules/.bin/tsc', import.meta.url).pathname
  expect(
    execFileSync(tsc, ['-p', new URL('../src/page/', import.meta.url).pathname], { stdio: 'pipe' }).toString()
  ).toBe('')
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
