import type { Queryable } from '@gavel/platform/postgres/pool.ts'
import type { JWK } from 'jose'
import type { PoolClient } from 'pg'
import type { SigningKey } from '../domain/signing-keys.ts'

export interface StoredKey extends SigningKey {
  publicJwk: JWK
  /** Gone once the key signs no longer. */
  privateKeyEncrypted: Buffer | undefined
}

interface KeyRow {
  kid: string
  public_jwk: JWK
  private_key_encrypted: Buffer | null
  published_at: Date
  signs_from: Date
}

/** All keys; there are two or three. */
export async function readKeys(db: Queryable): Promise<StoredKey[]> {
  const { rows } = await db.query<KeyRow>(
    'select kid, public_jwk, private_key_encrypted, published_at, signs_from from signing_keys order by signs_from, kid'
  )
  return rows.map((row) => ({
    kid: row.kid,
    publicJwk: row.public_jwk,
    privateKeyEncrypted: row.private_key_encrypted ?? undefined,
    publishedAt: row.published_at.getTime(),
    signsFrom: row.signs_from.getTime()
  }))
}

/** Only one process at a time decides about keys; held until the transaction ends. */
export async function lockRotation(client: PoolClient): Promise<void> {
  await client.query(`select pg_advisory_xact_lock(hashtextextended('signing-keys', 0))`)
}

export async function insertKey(client: PoolClient, key: StoredKey, requestedBy: string | undefined): Promise<void> {
  await client.query(
    `insert into signing_keys (kid, public_jwk, private_key_encrypted, published_at, signs_from, requested_by)
     values ($1, $2, $3, $4, $5, $6)`,
    [
      key.kid,
      key.publicJwk,
      key.privateKeyEncrypted,
      new Date(key.publishedAt),
      new Date(key.signsFrom),
      requestedBy ?? null
    ]
  )
}

/** Forgets the private parts of keys that will never sign again, and the keys that nothing verifies with any more. */
export async function retireKeys(client: PoolClient, kids: { silent: string[]; gone: string[] }): Promise<void> {
  await client.query(
    'update signing_keys set private_key_encrypted = null where kid = any($1) and private_key_encrypted is not null',
    [kids.silent]
  )
  await client.query('delete from signing_keys where kid = any($1)', [kids.gone])
}
