import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { register } from '@gavel/contracts/api/identity.ts'
import type { Gateway } from '@gavel/standalone/client/gateway.ts'
import { openAdmin } from '@gavel/standalone/client/admin.ts'
import { withDatabase } from '@gavel/standalone/plan.ts'
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import pg from 'pg'
import { decrypt } from '../../services/identity/src/key-encryption.ts'
import type { SharedPlatform } from './platform.ts'

/** What a caller may bring. All but the last two are no good anywhere. */
export const badStates = [
  'garbage',
  'another scheme',
  'expired',
  'signed with another key',
  'for another audience',
  'of another issuer',
  'of an unknown role'
] as const
export const tokenStates = ['none', ...badStates, 'bidder', 'admin'] as const
export type TokenState = (typeof tokenStates)[number]

/** The `authorization` header of each state; undefined is no header. */
export type Credentials = Readonly<Record<TokenState, string | undefined>>

interface PlatformKey {
  kid: string
  privateKey: KeyObject
}

/** The platform's own key, from where it keeps it: a token that is wrong in one point only must be right in all others. */
async function platformKey({ urls, directories }: SharedPlatform): Promise<PlatformKey> {
  const { keyEncryptionKey } = JSON.parse(readFileSync(join(directories.data, 'secrets.json'), 'utf8')) as {
    keyEncryptionKey: string
  }
  const client = new pg.Client({ connectionString: withDatabase(urls.postgres, 'identity') })
  await client.connect()
  try {
    const { rows } = await client.query<{ kid: string; private_key_encrypted: Buffer }>(
      'select kid, private_key_encrypted from signing_keys where private_key_encrypted is not null order by signs_from limit 1'
    )
    const { kid, private_key_encrypted } = rows[0]!
    const key = decrypt(private_key_encrypted, Buffer.from(keyEncryptionKey, 'base64'), kid)
    return { kid, privateKey: createPrivateKey({ key, format: 'der', type: 'pkcs8' }) }
  } finally {
    await client.end()
  }
}

export async function allCredentials(platform: SharedPlatform, gateway: Gateway): Promise<Credentials> {
  const { kid, privateKey } = await platformKey(platform)
  const email = `anyone.${randomBytes(6).toString('hex')}@e2e.example`
  const password = randomBytes(18).toString('base64url')
  const { accessToken: bidder } = await gateway.call(register, { body: { email, password, displayName: 'Anyone' } })
  const admin = await (await openAdmin(gateway, platform.admin)).token()
  const forged = async (
    over: { expiresInS?: number; key?: KeyObject; audience?: string; issuer?: string; role?: string } = {}
  ): Promise<string> =>
    await new SignJWT({ role: over.role ?? 'admin', email: 'forged@e2e.example' })
      .setProtectedHeader({ alg: 'EdDSA', kid, typ: 'JWT' })
      .setIssuer(over.issuer ?? 'https://gavel.dev')
      .setAudience(over.audience ?? 'gavel')
      .setSubject('forger')
      .setIssuedAt()
      .setExpirationTime(Math.floor(Date.now() / 1000) + (over.expiresInS ?? 600))
      .sign(over.key ?? privateKey)
  const bearer = (token: string): string => `Bearer ${token}`
  return {
    none: undefined,
    garbage: bearer('nonsense'),
    'another scheme': `Basic ${Buffer.from('admin:admin').toString('base64')}`,
    expired: bearer(await forged({ expiresInS: -60 })),
    'signed with another key': bearer(await forged({ key: generateKeyPairSync('ed25519').privateKey })),
    'for another audience': bearer(await forged({ audience: 'someone-else' })),
    'of another issuer': bearer(await forged({ issuer: 'https://elsewhere.example' })),
    'of an unknown role': bearer(await forged({ role: 'emperor' })),
    bidder: bearer(bidder),
    admin: bearer(admin)
  }
}
