import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { decrypt, encrypt } from './key-encryption.ts'

const key = randomBytes(32)
const plain = Buffer.from('a private key')

test('what was encrypted is read again, and never looks the same twice', () => {
  const sealed = encrypt(plain, key, 'kid-1')
  expect(decrypt(sealed, key, 'kid-1')).toEqual(plain)
  expect(sealed.includes(plain)).toBe(false)
  expect(encrypt(plain, key, 'kid-1').equals(sealed)).toBe(false)
})

test('another key, another id or an altered byte is refused by name', () => {
  const sealed = encrypt(plain, key, 'kid-1')
  const altered = Buffer.from(sealed)
  altered[altered.length - 1]! ^= 1
  expect(() => decrypt(sealed, randomBytes(32), 'kid-1')).toThrow('KEY_ENCRYPTION_KEY')
  expect(() => decrypt(sealed, key, 'kid-2')).toThrow('kid-2')
  expect(() => decrypt(altered, key, 'kid-1')).toThrow('KEY_ENCRYPTION_KEY')
})
