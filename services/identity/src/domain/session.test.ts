import { describe, expect, test } from 'vitest'
import { decideRefresh, mayLogOut, type StoredToken } from './session.ts'

const now = 1_000_000
const policy = { idleMs: 1_000, lifetimeMs: 10_000, perAccountMax: 3 }
const aToken = (overrides: Partial<StoredToken> = {}): StoredToken => ({
  expiresAt: now + 500,
  usedAt: undefined,
  sessionExpiresAt: now + 5_000,
  sessionEndedAt: undefined,
  ...overrides
})

describe('a refresh token', () => {
  test.each<[string, StoredToken | undefined, ReturnType<typeof decideRefresh>]>([
    ['unknown', undefined, { status: 'refuse', code: 'REFRESH_TOKEN_INVALID', endSession: false }],
    ['fresh', aToken(), { status: 'rotate', expiresAt: now + 1_000 }],
    [
      'fresh, near the end of its session',
      aToken({ sessionExpiresAt: now + 300 }),
      { status: 'rotate', expiresAt: now + 300 }
    ],
    ['expired', aToken({ expiresAt: now }), { status: 'refuse', code: 'REFRESH_TOKEN_INVALID', endSession: false }],
    [
      'of an expired session',
      aToken({ sessionExpiresAt: now }),
      { status: 'refuse', code: 'REFRESH_TOKEN_INVALID', endSession: false }
    ],
    [
      'of an ended session',
      aToken({ sessionEndedAt: now - 1 }),
      { status: 'refuse', code: 'REFRESH_TOKEN_INVALID', endSession: false }
    ],
    [
      'used a moment ago',
      aToken({ usedAt: now }),
      { status: 'refuse', code: 'REFRESH_TOKEN_REUSED', endSession: true }
    ],
    [
      'used and expired',
      aToken({ usedAt: now - 9, expiresAt: now - 1 }),
      { status: 'refuse', code: 'REFRESH_TOKEN_REUSED', endSession: true }
    ],
    [
      'used, of an ended session',
      aToken({ usedAt: now - 9, sessionEndedAt: now - 1 }),
      { status: 'refuse', code: 'REFRESH_TOKEN_REUSED', endSession: false }
    ]
  ])('%s', (_, token, decision) => {
    expect(decideRefresh(token, now, policy)).toEqual(decision)
  })
})

test.each<[string, StoredToken | undefined, boolean]>([
  ['unknown', undefined, false],
  ['fresh', aToken(), true],
  ['used', aToken({ usedAt: now - 1 }), true],
  ['expired', aToken({ expiresAt: now }), false],
  ['of an ended session', aToken({ sessionEndedAt: now - 1 }), false]
])('logging out with a token %s: %s', (_, token, allowed) => {
  expect(mayLogOut(token, now)).toBe(allowed)
})
