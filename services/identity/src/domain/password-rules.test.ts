import { describe, expect, test } from 'vitest'
import { commonPasswords } from './common-passwords.ts'
import { normaliseEmail } from './email.ts'
import { passwordLengthMin, passwordWeakness } from './password-rules.ts'

describe('a password', () => {
  test.each([
    ['', 'TOO_SHORT'],
    ['ninechars', 'TOO_SHORT'],
    ['🔑🔑🔑🔑🔑', 'TOO_SHORT'],
    ['qwertyuiop', 'TOO_COMMON'],
    ['QwertyUiop', 'TOO_COMMON'],
    ['ｐａｓｓｗｏｒｄ123', 'TOO_COMMON'],
    ['aaaaaaaaaaaa', 'TOO_COMMON'],
    ['abababababab', 'TOO_COMMON'],
    ['ada@example.org', 'SAME_AS_EMAIL'],
    ['ADA@Example.org', 'SAME_AS_EMAIL'],
    ['a lot of rope', undefined],
    ['tencharsok', undefined]
  ])('%j is %s', (password, weakness) => {
    expect(passwordWeakness(password, 'ada@example.org')).toBe(weakness)
  })

  test('the list of common passwords holds only what the length rule lets through', () => {
    expect(
      [...commonPasswords].filter(
        (password) => password.length < passwordLengthMin || password !== password.toLowerCase()
      )
    ).toEqual([])
  })
})

test('an e-mail address has one form', () => {
  expect(normaliseEmail('  Ada@Example.ORG\n')).toBe('ada@example.org')
})
