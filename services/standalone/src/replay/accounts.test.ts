import { expect, test } from 'vitest'
import { keyIdOf } from './account-file.ts'
import { parseReplayCommand } from './command.ts'
import { credentialsOf } from './secret.ts'

test('a bidder has the same account in every replay, and another one under another secret', () => {
  const first = credentialsOf('secret', 'anna')
  expect(credentialsOf('secret', 'anna')).toEqual(first)
  expect(credentialsOf('other', 'anna').email).not.toBe(first.email)
  expect(credentialsOf('secret', 'bela').password).not.toBe(first.password)
})

test('whatever a recording calls its bidders, their addresses are addresses', () => {
  for (const name of ['anna', 'a b@c', '', '😀', 'x'.repeat(500)]) {
    expect(credentialsOf('secret', name).email).toMatch(/^[0-9a-f]{24}\.[0-9a-f]{8}@replay\.example$/)
  }
})

test('the key of a token is read from its header, and what is no token has none', () => {
  const header = Buffer.from(JSON.stringify({ alg: 'EdDSA', kid: 'k1' })).toString('base64url')
  expect(keyIdOf(`${header}.e30.s`)).toBe('k1')
  expect(keyIdOf('nonsense')).toBeUndefined()
  expect(keyIdOf('')).toBeUndefined()
})

test('the command line', () => {
  expect(parseReplayCommand(['a.csv', '--json', 'b.json', '--width', '8', '--wait', '5'])).toEqual({
    file: 'a.csv',
    json: 'b.json',
    width: 8,
    waitMs: 5_000
  })
  expect(parseReplayCommand(['a.csv'])).toEqual({ file: 'a.csv', json: undefined, width: 64, waitMs: 120_000 })
  expect(parseReplayCommand(['--help'])).toBe('help')
  expect(() => parseReplayCommand(['a.csv', '--width', '0'])).toThrow(
    '--width is 0; it must be a whole number from 1 to 1000.'
  )
  expect(() => parseReplayCommand(['a.csv', 'b.csv'])).toThrow('Usage')
})
