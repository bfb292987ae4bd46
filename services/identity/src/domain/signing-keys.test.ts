import { array, assert, boolean, integer, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pendingAt, planRotation, publishedAt, signerAt, type KeyPolicy, type SigningKey } from './signing-keys.ts'

const policy: KeyPolicy = { maxAgeMs: 1_000_000, propagationMs: 100_000, tokenLifetimeMs: 50_000 }
const now = 10_000_000
const aKey = (kid: string, signsFrom: number): SigningKey => ({
  kid,
  signsFrom,
  publishedAt: signsFrom - policy.propagationMs
})

describe('a rotation', () => {
  test.each<[string, SigningKey[], boolean, ReturnType<typeof planRotation>]>([
    ['the first key signs at once', [], false, { status: 'publish', signsFrom: now }],
    ['a young key stays', [aKey('a', now - 1)], false, { status: 'keep' }],
    [
      'a young key goes when an admin asks',
      [aKey('a', now - 1)],
      true,
      { status: 'publish', signsFrom: now + 100_000 }
    ],
    [
      'the successor is published before the age is reached',
      [aKey('a', now - 900_000)],
      false,
      { status: 'publish', signsFrom: now + 100_000 }
    ],
    [
      'an old key signs on until its successor may',
      [aKey('a', now - 9_000_000)],
      false,
      { status: 'publish', signsFrom: now + 100_000 }
    ],
    [
      'one successor is enough',
      [aKey('a', now - 950_000), aKey('b', now + 5)],
      false,
      { status: 'pending', kid: 'b', signsFrom: now + 5 }
    ],
    [
      'asking twice makes one key',
      [aKey('a', now - 1), aKey('b', now + 5)],
      true,
      { status: 'pending', kid: 'b', signsFrom: now + 5 }
    ]
  ])('%s', (_, keys, asked, plan) => {
    expect(planRotation(keys, now, policy, asked)).toEqual(plan)
  })
})

test('the newest key that has taken over signs, and every process picks the same one', () => {
  const keys = [aKey('b', now - 5), aKey('a', now - 5), aKey('c', now - 9), aKey('d', now + 1)]
  expect(signerAt(keys, now)?.kid).toBe('b')
  expect(signerAt(keys.toReversed(), now)?.kid).toBe('b')
  expect(pendingAt(keys, now)?.kid).toBe('d')
})

test('a superseded key stays published until its last token has expired', () => {
  const keys = [aKey('a', now - 500_000), aKey('b', now)]
  const kids = (at: number) => publishedAt(keys, at, policy).map(({ kid }) => kid)
  expect(kids(now)).toEqual(['a', 'b'])
  expect(kids(now + policy.tokenLifetimeMs)).toEqual(['a', 'b'])
  expect(kids(now + policy.tokenLifetimeMs + 60_000)).toEqual(['b'])
})

test('over any life, every unexpired token meets its key in a set fetched since the propagation time', () => {
  assert(
    property(
      array(record({ stepMs: integer({ min: 1, max: 400_000 }), asked: boolean() }), { maxLength: 60 }),
      (steps) => {
        const keys: SigningKey[] = []
        let time = now
        for (const { stepMs, asked } of [{ stepMs: 0, asked: false }, ...steps]) {
          time += stepMs
          const plan = planRotation(keys, time, policy, asked)
          if (plan.status === 'publish')
            keys.push({ kid: `k${keys.length}`, publishedAt: time, signsFrom: plan.signsFrom })
          const signer = signerAt(keys, time)!
          // The token signed now: its key has been out long enough, and is still out when the token expires.
          expect(signer === keys[0] || signer.publishedAt + policy.propagationMs <= time).toBe(true)
          expect(publishedAt(keys, time + policy.tokenLifetimeMs - 1, policy)).toContain(signer)
        }
      }
    )
  )
})
