export interface LockOutPolicy {
  attemptsFree: number
  firstLockMs: number
  longestLockMs: number
  forgetAfterMs: number
}

/** Guessing is slowed by account: a few attempts are free, then each failure doubles the wait. */
export const lockOut = {
  attemptsFree: 5,
  firstLockMs: 15_000,
  /** Bounded, because a stranger can lock an account: its owner waits a quarter of an hour at the most. */
  longestLockMs: 15 * 60_000,
  /** A count without a new failure for this long begins again. */
  forgetAfterMs: 24 * 60 * 60_000
} as const satisfies LockOutPolicy

/**
 * And by client address, for one password tried on many accounts. Many people may share an address, so more is free; and a log-in that
 * succeeds forgives nothing, or a guesser would log in to an account of their own in between.
 */
export const addressLockOut = (attemptsFree: number): LockOutPolicy => ({
  attemptsFree,
  firstLockMs: 15_000,
  longestLockMs: 15 * 60_000,
  forgetAfterMs: 60 * 60_000
})

/** Addresses remembered at once: what a table of them may hold. The oldest failures go first. */
export const addressesMax = 200_000

/** How long the account is locked after this many failures in a row; 0 while attempts are free. */
export function lockMs(failures: number, policy: LockOutPolicy = lockOut): number {
  if (failures < policy.attemptsFree) return 0
  return Math.min(policy.longestLockMs, policy.firstLockMs * 2 ** Math.min(40, failures - policy.attemptsFree))
}

/** What is left of a lock, 0 when there is none. */
export const lockLeftMs = (lockedUntil: number | undefined, now: number): number =>
  Math.max(0, (lockedUntil ?? 0) - now)
