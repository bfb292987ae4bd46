import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigError, postgresConfig, readConfig, Secret, secret } from '@gavel/platform/config.ts'
import { Fault } from '@gavel/platform/errors.ts'
import { createLog } from '@gavel/platform/log.ts'
import { followSecrets, openVault } from '@gavel/platform/secrets.ts'
import { createContext, type ServiceContext } from '@gavel/platform/service.ts'
import { VaultClient, VaultRefused, type VaultAuth } from '@gavel/platform/vault/client.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { VaultContract } from './support/vault-contract.ts'
import recorded from './support/vault-recorded.json' with { type: 'json' }

const execute = promisify(execFile)
let vault: VaultContract
let folder: string
let context: ServiceContext
let lines: string[]
const clients: VaultClient[] = []

beforeEach(async () => {
  vault = new VaultContract()
  await vault.start()
  folder = mkdtempSync(join(tmpdir(), 'gavel-vault-'))
  lines = []
  const log = createLog({ service: 'x', level: 'debug', destination: { write: (line) => void lines.push(line) } })
  context = createContext({ name: 'vault', log })
})
afterEach(async () => {
  await context.closers.closeAll(5000)
  for (const client of clients.splice(0)) client.close()
  await vault.stop()
  rmSync(folder, { recursive: true, force: true })
})

const tokenFile = (text = vault.jwt): string => {
  const file = join(folder, 'token')
  writeFileSync(file, text)
  return file
}
const kubernetes = (): VaultAuth => ({ kind: 'kubernetes', role: 'gavel', mount: 'kubernetes', tokenFile: tokenFile() })
const clientWith = (auth: VaultAuth): VaultClient => {
  const client = new VaultClient(
    { address: vault.address, mount: 'secret', auth, attempts: 4, pauseMs: 20 },
    context.log
  )
  clients.push(client)
  return client
}
const times = (asked: string): number => vault.asked.filter((each) => each === asked).length
const login = 'POST /v1/auth/kubernetes/login'
const renewal = 'POST /v1/auth/token/renew-self'

/** The form of an answer: its members and their types. */
const formOf = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value
  return Array.isArray(value)
    ? value.map(formOf)
    : Object.fromEntries(Object.entries(value).map(([name, each]) => [name, formOf(each)]))
}

it.each(recorded)('the stand-in answers as HashiCorp Vault 1.14 did: $name', async ({ name, asked, status, body }) => {
  vault.write('gavel/order', { password: 'one' })
  vault.write('gavel/gone', { password: 'x' })
  vault.write('gavel/gone', null)
  const token = vault.token()
  if (name.includes('revoked')) vault.revokeAll()
  vault.isSealed = name.includes('sealed')
  const [method = '', path = ''] = asked.split(' ')
  const login = {
    role: name.includes('a role that is not there') ? 'nobody' : 'gavel',
    jwt: name.includes('not vouched for') ? 'not.ours' : vault.jwt
  }
  const response = await fetch(vault.address + path, {
    method,
    headers: path.includes('login') ? {} : { 'x-vault-token': name.includes('unknown') ? 'hvs.wrong' : token },
    ...(method === 'POST' ? { body: JSON.stringify(login) } : {})
  })
  const answer: unknown = await response.json()
  expect(response.status).toBe(status)
  if ('errors' in body) expect(answer).toEqual(body)
  else expect(formOf(body)).toMatchObject(formOf(answer) as object)
})

describe('Vault (a stand-in that speaks the recorded contract)', () => {
  it('gives the newest version of a secret, and nothing where there is none or it was deleted', async () => {
    const client = clientWith({ kind: 'token', token: new Secret(vault.token()) })
    vault.write('gavel/order', { password: 'one' })
    vault.write('gavel/order', { password: 'two' })
    vault.write('gavel/gone', { password: 'x' })
    vault.write('gavel/gone', null)
    expect(await client.read('gavel/order')).toEqual({ version: 2, data: { password: 'two' } })
    expect(await client.read('gavel/gone')).toBeUndefined()
    expect(await client.read('gavel/never')).toBeUndefined()
  })

  it('is asked once where it refuses, and again within bounds where it cannot answer', async () => {
    const client = clientWith(kubernetes())
    await expect(client.read('others/secret')).rejects.toBeInstanceOf(VaultRefused)
    vault.isSealed = true
    vault.asked.length = 0
    await expect(client.read('gavel/order')).rejects.toThrow('Vault is sealed')
    expect(vault.asked).toHaveLength(4)
    vault.isSealed = false
    vault.write('gavel/order', { password: 'one' })
    expect(await client.read('gavel/order')).toMatchObject({ version: 1 })
    await vault.stop()
    await expect(client.read('gavel/order')).rejects.toBeInstanceOf(Fault)
    await vault.start()
    expect(await client.read('gavel/order')).toMatchObject({ version: 1 })
  })

  it('lets a pod in by its ServiceAccount token, once for all that ask, and again with the token of then when it was revoked', async () => {
    vault.write('gavel/order', { password: 'one' })
    const client = clientWith(kubernetes())
    await Promise.all([1, 2, 3].map(() => client.read('gavel/order')))
    expect(times(login)).toBe(1)
    // The kubelet has renewed the file meanwhile, and the old token is good no more.
    vault.jwt = 'another.service.account'
    tokenFile()
    vault.revokeAll()
    expect(await client.read('gavel/order')).toMatchObject({ version: 1 })
    expect(times(login)).toBe(2)
    vault.jwt = 'not.ours'
    vault.revokeAll()
    await expect(client.read('gavel/order')).rejects.toMatchObject({ status: 403 })
  })

  it('renews its token before it ends, and logs in anew when it cannot be renewed further', async () => {
    vault.write('gavel/order', { password: 'one' })
    vault.leaseS = 2
    vault.leaseMaxS = 4
    const client = clientWith(kubernetes())
    await client.read('gavel/order')
    await eventually(() => times(renewal) >= 1 && times(login) >= 2, { everyMs: 20 })
    expect(await client.read('gavel/order')).toMatchObject({ version: 1 })
    expect(vault.asked.filter((each) => each.startsWith('GET /v1/secret/'))).toHaveLength(2)
  })

  it('gives a service its configuration, and each secret its new value while it runs', async () => {
    vault.write('gavel/order', { url: 'postgres://order:first-password@db:5432/order', apiKey: 'first-api-key' })
    const env = {
      VAULT_ADDR: vault.address,
      VAULT_ROLE: 'gavel',
      VAULT_KUBERNETES_TOKEN_FILE: tokenFile(),
      VAULT_REFRESH_MS: '100',
      POSTGRES_URL_VAULT: 'gavel/order#url',
      API_KEY_VAULT: 'gavel/order#apiKey'
    }
    const source = await openVault(env, context.log)
    const { url } = postgresConfig(env)
    const { API_KEY: apiKey } = readConfig(env, { API_KEY: secret() })
    expect([url.reveal(), apiKey.reveal()]).toEqual(['postgres://order:first-password@db:5432/order', 'first-api-key'])
    const rotated: string[] = []
    url.onRotated((value) => rotated.push(value))
    context.closers.add('secrets', followSecrets(context, { pollMs: 1000, vault: source }).stop)

    vault.write('gavel/order', { url: 'postgres://order:second-password@db:5432/order', apiKey: 'first-api-key' })
    await eventually(() => rotated.length === 1, { everyMs: 20 })
    expect(url.reveal()).toBe('postgres://order:second-password@db:5432/order')
    // What is wrong or gone changes nothing, and what Vault said last holds while it is away.
    vault.write('gavel/order', { url: 'nonsense' })
    await eventually(() => lines.some((line) => line.includes('A new value of a secret is wrong')), { everyMs: 20 })
    vault.isSealed = true
    await eventually(() => lines.some((line) => line.includes('those that were read last hold')), { everyMs: 20 })
    expect([url.reveal(), apiKey.reveal(), rotated.length]).toEqual([
      'postgres://order:second-password@db:5432/order',
      'first-api-key',
      1
    ])
    for (const value of ['first-password', 'second-password', 'first-api-key']) {
      context.log.info(`It said ${value}`)
      expect(lines.join('')).not.toContain(value)
    }
  })

  it('is spoken with over TLS where the authority that was named vouches for it, and not otherwise', async () => {
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'ca.pem')]
    const about = ['-nodes', '-days', '2', '-subj', '/CN=vault', '-addext', 'subjectAltName=IP:127.0.0.1']
    await execute('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-keyout', key, '-out', certificate, ...about])
    const pem = readFileSync(certificate, 'utf8')
    const secure = new VaultContract({ key: readFileSync(key, 'utf8'), cert: pem })
    await secure.start()
    secure.write('gavel/order', { url: 'first-password' })
    const env = {
      VAULT_ADDR: secure.address,
      VAULT_ROLE: 'gavel',
      VAULT_KUBERNETES_TOKEN_FILE: tokenFile(),
      ORDER_URL_VAULT: 'gavel/order#url',
      ORDER_URL_TEMPLATE: 'postgres://order:$(SECRET)@db'
    }
    try {
      await expect(openVault(env, context.log)).rejects.toThrow('Vault cannot be reached')
      await expect(openVault({ ...env, VAULT_CACERT: join(folder, 'none') }, context.log)).rejects.toThrow(
        'VAULT_CACERT cannot be read (ENOENT)'
      )
      const source = await openVault({ ...env, VAULT_CACERT: certificate }, context.log)
      const { ORDER_URL: url } = readConfig(env, { ORDER_URL: secret() })
      expect(url.reveal()).toBe('postgres://order:first-password@db')
      source?.close()
    } finally {
      await secure.stop()
    }
  })

  it('that has not what the configuration asks for stops the process by the name of it', async () => {
    vault.write('gavel/order', {})
    const env = { VAULT_ADDR: vault.address, VAULT_TOKEN: vault.token(), MISSING_URL_VAULT: 'gavel/order#url' }
    const source = await openVault(env, context.log)
    expect(() => readConfig(env, { MISSING_URL: secret() })).toThrow(
      'MISSING_URL is not in Vault where MISSING_URL_VAULT says'
    )
    source?.close()
    await expect(openVault({ A_VAULT: 'x#y' }, context.log)).rejects.toBeInstanceOf(ConfigError)
    await expect(openVault({ ...env, A_VAULT: 'nothing' }, context.log)).rejects.toThrow('A_VAULT must be path#key')
    await expect(openVault({ ...env, VAULT_TOKEN: 'wrong' }, context.log)).rejects.toThrow('permission denied')
    expect(await openVault({}, context.log)).toBeUndefined()
  })
})
