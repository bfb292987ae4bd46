import type { TokenPair } from '@gavel/contracts/api/identity.ts'
import { useSyncExternalStore } from 'react'

/**
 * The session: a token pair kept for this browser, shared by its tabs. A refresh token may be used once, so tabs take turns under a lock.
 * The content security policy is what keeps other people’s scripts away from it.
 */
const key = 'gavel.session'
/** An access token is renewed a little before it ends. */
const earlyMs = 20_000

const listeners = new Set<() => void>()
let parsed: { text: string | null; pair: TokenPair | undefined } = { text: null, pair: undefined }

export function currentSession(): TokenPair | undefined {
  const text = localStorage.getItem(key)
  if (text !== parsed.text) {
    let pair: TokenPair | undefined
    try {
      pair = text === null ? undefined : (JSON.parse(text) as TokenPair)
    } catch {
      pair = undefined
    }
    parsed = { text, pair }
  }
  return parsed.pair && parsed.pair.refreshTokenExpiresAt > Date.now() ? parsed.pair : undefined
}

const tell = (): void => {
  for (const listener of listeners) listener()
}

export function setSession(pair: TokenPair | undefined): void {
  if (pair) localStorage.setItem(key, JSON.stringify(pair))
  else localStorage.removeItem(key)
  tell()
}

/** Told when somebody signs in or out, in this tab or another. */
export function onSessionChange(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

window.addEventListener('storage', (event) => {
  if (event.key === key) tell()
})

export const useSession = (): TokenPair | undefined => useSyncExternalStore(onSessionChange, currentSession)
export const useAccount = (): TokenPair['account'] | undefined => useSession()?.account

async function refresh(refreshToken: string): Promise<TokenPair | 'refused' | 'unreachable'> {
  try {
    const response = await fetch('/api/auth/refresh', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ refreshToken }),
      signal: AbortSignal.timeout(15_000)
    })
    if (response.ok) return (await response.json()) as TokenPair
    return response.status === 401 ? 'refused' : 'unreachable'
  } catch {
    return 'unreachable'
  }
}

/** A new access token in place of the one given, which no longer serves. Another tab may have fetched one meanwhile. */
export async function renewSession(old: string): Promise<string | undefined> {
  return await navigator.locks.request(key, async () => {
    const current = currentSession()
    if (!current) return undefined
    if (current.accessToken !== old) return current.accessToken
    const renewed = await refresh(current.refreshToken)
    if (renewed === 'unreachable') return undefined
    setSession(renewed === 'refused' ? undefined : renewed)
    return renewed === 'refused' ? undefined : renewed.accessToken
  })
}

export async function accessToken(): Promise<string | undefined> {
  const current = currentSession()
  if (!current) return undefined
  if (current.accessTokenExpiresAt - earlyMs > Date.now()) return current.accessToken
  return await renewSession(current.accessToken)
}
