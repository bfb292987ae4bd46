import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/**
 * Private keys at rest: AES-256-GCM, bound to the id of the key, so that a row of one key cannot pass for another.
 * Layout: 12 bytes of nonce, 16 bytes of tag, the ciphertext.
 */
const algorithm = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16

export function encrypt(plain: Buffer, encryptionKey: Buffer, kid: string): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv(algorithm, encryptionKey, nonce, { authTagLength: tagBytes })
  cipher.setAAD(Buffer.from(kid))
  const encrypted = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), encrypted])
}

/** Throws where the key, the id or the bytes are not those of the encryption. */
export function decrypt(sealed: Buffer, encryptionKey: Buffer, kid: string): Buffer {
  const decipher = createDecipheriv(algorithm, encryptionKey, sealed.subarray(0, nonceBytes), {
    authTagLength: tagBytes
  })
  decipher.setAAD(Buffer.from(kid))
  decipher.setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(nonceBytes + tagBytes)), decipher.final()])
  } catch {
    throw new Error(`The signing key ${kid} cannot be decrypted: KEY_ENCRYPTION_KEY is not the one it was stored with`)
  }
}
