/** When each signing key is published, signs and goes. Private parts are no business of this file. */
export interface SigningKey {
  kid: string
  publishedAt: number
  signsFrom: number
}

export interface KeyPolicy {
  /** A key signs for this long before the next one takes over. */
  maxAgeMs: number
  /** Every verifier has fetched the key set at least once in this time. */
  propagationMs: number
  /** A superseded key verifies until the last token that it signed has expired. */
  tokenLifetimeMs: number
}

/** The processes' clocks may differ by this much before a valid token meets a missing key. */
const clockLeewayMs = 60_000

/** The order in which keys take over; the id decides between two of the same millisecond, so that every process picks the same one. */
const bySuccession = (a: SigningKey, b: SigningKey): number =>
  a.signsFrom - b.signsFrom || Number(a.kid > b.kid) - Number(a.kid < b.kid)

/** The key that signs now: the last to have taken over. */
export const signerAt = <Key extends SigningKey>(keys: readonly Key[], now: number): Key | undefined =>
  keys
    .filter((key) => key.signsFrom <= now)
    .toSorted(bySuccession)
    .at(-1)

/** The key that is published and waits for its turn. */
export const pendingAt = <Key extends SigningKey>(keys: readonly Key[], now: number): Key | undefined =>
  keys
    .filter((key) => key.signsFrom > now)
    .toSorted(bySuccession)
    .at(0)

/** Until when a key is needed: `undefined` while nothing has superseded it. */
export function publishedUntil(key: SigningKey, keys: readonly SigningKey[], policy: KeyPolicy): number | undefined {
  const successor = keys
    .filter((other) => bySuccession(other, key) > 0)
    .toSorted(bySuccession)
    .at(0)
  return successor && successor.signsFrom + policy.tokenLifetimeMs + clockLeewayMs
}

/** The keys of the published set. */
export const publishedAt = <Key extends SigningKey>(keys: readonly Key[], now: number, policy: KeyPolicy): Key[] =>
  keys.filter((key) => (publishedUntil(key, keys, policy) ?? Infinity) > now)

export type RotationPlan =
  { status: 'keep' } | { status: 'pending'; kid: string; signsFrom: number } | { status: 'publish'; signsFrom: number }

/**
 * Whether a new key is due. `asked` means that an admin wants one whatever the age; while one is pending, it is the answer, so that
 * repeated requests pile up no keys. The very first key signs at once: there is no other, and no verifier has cached a set without it.
 */
export function planRotation(keys: readonly SigningKey[], now: number, policy: KeyPolicy, asked = false): RotationPlan {
  const signer = signerAt(keys, now)
  if (!signer) return { status: 'publish', signsFrom: now }
  const pending = pendingAt(keys, now)
  if (pending) return { status: 'pending', kid: pending.kid, signsFrom: pending.signsFrom }
  const due = now >= signer.signsFrom + policy.maxAgeMs - policy.propagationMs
  return asked || due ? { status: 'publish', signsFrom: now + policy.propagationMs } : { status: 'keep' }
}
