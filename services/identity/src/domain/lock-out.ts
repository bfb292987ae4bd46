/** Guessing is slowed by account: a few attempts are free, then each failure doubles the wait. */
export const lockOut = {
  attemptsFree: 5,
  firstLockMs: 15_000,
  /** Bounded, because a stranger can lock an account: its owner waits a quarter of an hour at the most. */
  longestLockMs: 15 * 60_000,
  /** A count without a new failure for this long begins again. */
  forgetAfterMs: 24 * 60 * 60_000
} as const

/** How long the account is locked after this many failures in a row; 0 while attempts are free. */
export function lockMs(failures: number): number {
  if (failures < lockOut.attemptsFree) return 0
  return Math.min(lockOut.longestLockMs, lockOut.firstLockMs * 2 ** (failures - lockOut.attemptsFree))
}

/** What is left of a lock, 0 when there is none. */
export const lockLeftMs = (lockedUntil: number | undefined, now: number): number =>
  Math.max(0, (lockedUntil ?? 0) - now)
