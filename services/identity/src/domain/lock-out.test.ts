import { expect, test } from 'vitest'
import { lockLeftMs, lockMs, lockOut } from './lock-out.ts'

test.each([
  [0, 0],
  [1, 0],
  [4, 0],
  [5, 15_000],
  [6, 30_000],
  [7, 60_000],
  [10, 480_000],
  [11, 900_000],
  [12, 900_000],
  [5_000, 900_000]
])('after %i failures the account is locked for %i ms', (failures, expectedMs) => {
  expect(lockMs(failures)).toBe(expectedMs)
})

test('a lock ends by itself, and never counts below zero', () => {
  expect(lockLeftMs(undefined, 1_000)).toBe(0)
  expect(lockLeftMs(1_500, 1_000)).toBe(500)
  expect(lockLeftMs(1_000, 1_000)).toBe(0)
  expect(lockLeftMs(900, 1_000)).toBe(0)
  expect(lockOut.forgetAfterMs).toBeGreaterThan(lockOut.longestLockMs)
})
