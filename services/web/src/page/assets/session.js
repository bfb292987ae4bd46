/**
 * The session: a token pair kept for this browser, shared by its tabs. A refresh token may be used once, so tabs take
 * turns under a lock. The content security policy is what keeps other people’s scripts away from it.
 */

/** @typedef {import('@gavel/contracts/api/identity.ts').TokenPair} TokenPair */

const key = 'gavel.session'
const early = 20_000
const listeners = new Set()

/** @returns {TokenPair | undefined} */
export function session() {
  try {
    const stored = JSON.parse(localStorage.getItem(key) ?? 'null')
    return stored && stored.refreshTokenExpiresAt > Date.now() ? stored : undefined
  } catch {
    return undefined
  }
}

/** @param {TokenPair | undefined} pair */
export function setSession(pair) {
  if (pair) localStorage.setItem(key, JSON.stringify(pair))
  else localStorage.removeItem(key)
  for (const listener of listeners) listener()
}

/** Told when somebody signs in or out, in this tab or another. @param {() => void} listener */
export function onSessionChange(listener) {
  listeners.add(listener)
}

window.addEventListener('storage', (event) => {
  if (event.key === key) for (const listener of listeners) listener()
})

/** @param {string} refreshToken @returns {Promise<TokenPair | 'refused' | 'unreachable'>} */
async function refresh(refreshToken) {
  try {
    const response = await fetch('/api/auth/refresh', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ refreshToken }),
      signal: AbortSignal.timeout(15_000)
    })
    if (response.ok) return await response.json()
    return response.status === 401 ? 'refused' : 'unreachable'
  } catch {
    return 'unreachable'
  }
}

/**
 * A new access token in place of the one given, which no longer serves. Another tab may have fetched one meanwhile.
 * @param {string} old @returns {Promise<string | undefined>}
 */
export async function renewSession(old) {
  return await navigator.locks.request(key, async () => {
    const current = session()
    if (!current) return undefined
    if (current.accessToken !== old) return current.accessToken
    const renewed = await refresh(current.refreshToken)
    if (renewed === 'unreachable') return undefined
    setSession(renewed === 'refused' ? undefined : renewed)
    return renewed === 'refused' ? undefined : renewed.accessToken
  })
}

/** The access token to send, renewed a little before it ends. @returns {Promise<string | undefined>} */
export async function accessToken() {
  const current = session()
  if (!current) return undefined
  if (current.accessTokenExpiresAt - early > Date.now()) return current.accessToken
  return await renewSession(current.accessToken)
}
