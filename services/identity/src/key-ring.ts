import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, type JWK } from 'jose'
import type { Pool } from 'pg'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Logger } from '@gavel/platform/log.ts'
import { decrypt, encrypt } from './key-encryption.ts'
import { planRotation, publishedAt, signerAt, type KeyPolicy } from './domain/signing-keys.ts'
import { announceRequestedKey } from './store/announcements.ts'
import { insertKey, lockRotation, readKeys, retireKeys, type StoredKey } from './store/signing-keys.ts'

/**
 * How old the keys in memory may be. A key made by another process is therefore published everywhere this much later, which
 * {@link KeyRing.rotate} adds to the time before it signs.
 */
const freshMs = 5_000

export interface Signer {
  kid: string
  privateKey: KeyObject
  signsFrom: number
}

export interface KeyRing {
  signer: (now: number) => Promise<Signer>
  publicKeys: (now: number) => Promise<JWK[]>
  /** Publishes a new key where one is due or asked for, and retires old ones. Safe from any number of processes at once. */
  rotate: (now: number, asked?: { by: string }) => Promise<{ kid: string; signsFrom: number; made: boolean }>
}

async function newKey(now: number, signsFrom: number, encryptionKey: Buffer): Promise<StoredKey> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const jwk = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(jwk)
  return {
    kid,
    publicJwk: { ...jwk, kid, alg: 'EdDSA', use: 'sig' },
    privateKeyEncrypted: encrypt(privateKey.export({ type: 'pkcs8', format: 'der' }), encryptionKey, kid),
    publishedAt: now,
    signsFrom
  }
}

export function createKeyRing(options: { pool: Pool; policy: KeyPolicy; encryptionKey: Buffer; log: Logger }): KeyRing {
  const { pool, encryptionKey, log } = options
  const policy = { ...options.policy, propagationMs: options.policy.propagationMs + freshMs }
  const opened = new Map<string, KeyObject>()
  let keys: StoredKey[] = []
  let readAt = -Infinity
  let reading: Promise<void> | undefined

  const read = async (now: number): Promise<void> => {
    keys = await readKeys(pool)
    readAt = now
    for (const kid of opened.keys()) if (!keys.some((key) => key.kid === kid)) opened.delete(kid)
  }

  /** Reads again what is too old, once for all who ask. With the database away, the keys already known go on serving. */
  const refresh = async (now: number): Promise<void> => {
    if (now - readAt < freshMs && now >= readAt) return
    reading ??= read(now).finally(() => (reading = undefined))
    try {
      await reading
    } catch (error) {
      if (keys.length === 0) throw error
      log.warn({ error }, 'The signing keys could not be read again: those in memory are used')
      readAt = now
    }
  }

  const open = (key: StoredKey): KeyObject => {
    const known = opened.get(key.kid)
    if (known) return known
    if (!key.privateKeyEncrypted) throw new Error(`The signing key ${key.kid} has no private part`)
    const der = decrypt(key.privateKeyEncrypted, encryptionKey, key.kid)
    const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    opened.set(key.kid, privateKey)
    return privateKey
  }

  return {
    signer: async (now) => {
      await refresh(now)
      const key = signerAt(keys, now)
      if (!key) throw new Error('There is no signing key yet')
      return { kid: key.kid, privateKey: open(key), signsFrom: key.signsFrom }
    },

    publicKeys: async (now) => {
      await refresh(now)
      return publishedAt(keys, now, policy).map(({ publicJwk }) => publicJwk)
    },

    rotate: async (now, asked) => {
      const result = await transaction(pool, async (client) => {
        await lockRotation(client)
        const stored = await readKeys(client)
        const signer = signerAt(stored, now)
        const published = publishedAt(stored, now, policy)
        await retireKeys(client, {
          silent: stored
            .filter((key) => signer !== undefined && key !== signer && key.signsFrom <= now)
            .map(({ kid }) => kid),
          gone: stored.filter((key) => !published.includes(key)).map(({ kid }) => kid)
        })
        const plan = planRotation(stored, now, policy, asked !== undefined)
        if (plan.status === 'pending') return { kid: plan.kid, signsFrom: plan.signsFrom, made: false }
        if (plan.status === 'keep' && signer) return { kid: signer.kid, signsFrom: signer.signsFrom, made: false }
        const key = await newKey(now, plan.status === 'publish' ? plan.signsFrom : now, encryptionKey)
        await insertKey(client, key, asked?.by)
        if (asked) await announceRequestedKey(client, key, asked.by)
        return { kid: key.kid, signsFrom: key.signsFrom, made: true }
      })
      await read(now)
      if (result.made) {
        log.info(
          { kid: result.kid, signsFrom: new Date(result.signsFrom).toISOString(), requestedBy: asked?.by },
          'A signing key was published'
        )
      }
      return result
    }
  }
}
