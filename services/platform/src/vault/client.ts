import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { Agent, fetch } from 'undici'
import type { Secret } from '../config.ts'
import { Fault } from '../errors.ts'
import type { Logger } from '../log.ts'

/** Vault's KV v2, as OpenBao and HashiCorp's server both speak it: what is needed to read secrets, and no more. */

export type VaultAuth =
  | { kind: 'token'; token: Secret }
  /** With the pod's own ServiceAccount token, which the kubelet renews in its file: it is read anew for each login. */
  | { kind: 'kubernetes'; role: string; mount: string; tokenFile: string }

export interface VaultSettings {
  /** `https://vault:8200` */
  address: string
  /** Where the KV v2 engine is mounted. */
  mount: string
  namespace?: string | undefined
  auth: VaultAuth
  /** PEM of the authorities that vouch for it, and no others; the usual ones where it is absent. */
  ca?: string | undefined
  timeoutMs?: number
  /** Attempts of one call while Vault cannot answer; each pause is twice the one before. */
  attempts?: number
  pauseMs?: number
}

export interface VaultSecret {
  version: number
  data: Readonly<Record<string, unknown>>
}

/** Vault understood, and said no. Trying again is no use until somebody changes something. */
export class VaultRefused extends Fault {
  readonly status: number

  constructor(message: string, status: number) {
    super(message, { retryable: false })
    this.name = 'VaultRefused'
    this.status = status
  }
}

interface Token {
  value: string
  isRenewable: boolean
  /** When it ends, by the monotonic clock; undefined where it has no end. */
  endsAt: number | undefined
  leaseMs: number
}

interface AuthAnswer {
  auth?: { client_token: string; lease_duration: number; renewable: boolean }
}

/** Sealed, standby, overloaded, or still coming up. */
const passing = new Set([412, 429, 472, 473, 500, 502, 503, 504])
const LONGEST_TIMER_MS = 2 ** 31 - 1

export class VaultClient {
  readonly #settings: VaultSettings
  readonly #log: Logger
  #token: Token | undefined
  #tokenComing: Promise<Token> | undefined
  #renewal: NodeJS.Timeout | undefined
  #isClosed = false
  readonly #agent: Agent

  constructor(settings: VaultSettings, log: Logger) {
    this.#settings = settings
    this.#agent = new Agent(settings.ca === undefined ? {} : { connect: { ca: settings.ca } })
    this.#log = log
  }

  /** The newest version at a path; undefined where there is none, or it was deleted. */
  async read(path: string): Promise<VaultSecret | undefined> {
    const place = `/v1/${this.#settings.mount}/data/${path.split('/').map(encodeURIComponent).join('/')}`
    const answer = await this.#withToken(async (token) => await this.#call('GET', place, { token }))
    const { data } = (answer ?? {}) as {
      data?: { data?: Record<string, unknown> | null; metadata?: { version: number } }
    }
    if (!data?.data || !data.metadata) return undefined
    return { version: data.metadata.version, data: data.data }
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#renewal)
    void this.#agent.destroy()
  }

  /** A token may have been revoked, or have ended while this process slept: then one login more, and no further. */
  async #withToken<T>(work: (token: string) => Promise<T>): Promise<T> {
    const token = await this.#current()
    try {
      return await work(token.value)
    } catch (error) {
      if (!(error instanceof VaultRefused) || error.status !== 403) throw error
      if (this.#token === token) this.#token = undefined
      const next = await this.#current()
      if (next.value === token.value) throw error
      return await work(next.value)
    }
  }

  async #current(): Promise<Token> {
    const token = this.#token
    if (token && (token.endsAt === undefined || token.endsAt > performance.now())) return token
    // Whoever asks meanwhile waits for the same login.
    this.#tokenComing ??= this.#login().finally(() => (this.#tokenComing = undefined))
    return await this.#tokenComing
  }

  async #login(): Promise<Token> {
    const { auth } = this.#settings
    const token = auth.kind === 'token' ? await this.#lookUp(auth.token.reveal()) : await this.#loginKubernetes(auth)
    return this.#take(token)
  }

  async #loginKubernetes({ role, mount, tokenFile }: Extract<VaultAuth, { kind: 'kubernetes' }>): Promise<Token> {
    const jwt = await readFile(tokenFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new Fault(`The token of the ServiceAccount cannot be read (${error.code ?? 'unknown'})`)
    })
    const answer = await this.#call('POST', `/v1/auth/${mount}/login`, { body: { role, jwt: jwt.trim() } })
    return tokenOf(answer as AuthAnswer)
  }

  /** A token that was given: how long it lasts, Vault knows. */
  async #lookUp(value: string): Promise<Token> {
    const answer = await this.#call('GET', '/v1/auth/token/lookup-self', { token: value })
    const { data } = answer as { data: { ttl: number; renewable?: boolean } }
    const leaseMs = data.ttl * 1000
    return {
      value,
      isRenewable: data.renewable ?? false,
      leaseMs,
      endsAt: leaseMs > 0 ? performance.now() + leaseMs : undefined
    }
  }

  #take(token: Token): Token {
    this.#token = token
    clearTimeout(this.#renewal)
    if (token.leaseMs > 0 && !this.#isClosed) {
      this.#renewal = setTimeout(() => void this.#renew(token), Math.min(LONGEST_TIMER_MS, (token.leaseMs * 2) / 3))
      this.#renewal.unref()
    }
    return token
  }

  /** Renewed while a third of its time is left. Where that is refused, or its lease has reached its greatest length, there is a login. */
  async #renew(token: Token): Promise<void> {
    if (this.#isClosed || this.#token !== token) return
    try {
      if (token.isRenewable) {
        const answer = await this.#call('POST', '/v1/auth/token/renew-self', { token: token.value, body: {} })
        const renewed = tokenOf(answer as AuthAnswer)
        // A lease near its greatest length is given less each time: a new one is had before it is over.
        if (renewed.leaseMs * 2 > token.leaseMs || this.#settings.auth.kind === 'token') {
          this.#take({ ...renewed, leaseMs: Math.max(renewed.leaseMs, 1) })
          return
        }
      }
      if (this.#settings.auth.kind === 'kubernetes') await this.#login()
      else this.#log.warn('The Vault token that was given cannot be renewed and ends')
    } catch (error) {
      this.#log.warn({ error }, 'The Vault token could not be renewed')
      // The next call logs in, when this one has ended.
    }
  }

  async #call(
    method: 'GET' | 'POST',
    path: string,
    { token, body }: { token?: string; body?: unknown }
  ): Promise<unknown> {
    const { attempts = 5, pauseMs = 200 } = this.#settings
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#once(method, path, token, body)
      } catch (error) {
        if (error instanceof VaultRefused || attempt >= attempts || this.#isClosed) throw error
        await delay(pauseMs * 2 ** (attempt - 1) * (0.75 + Math.random() / 2), undefined, { ref: false })
      }
    }
  }

  async #once(method: string, path: string, token: string | undefined, body: unknown): Promise<unknown> {
    const { address, namespace, timeoutMs = 5000 } = this.#settings
    const response = await fetch(new URL(path, address), {
      method,
      dispatcher: this.#agent,
      headers: {
        'x-vault-request': 'true',
        ...(token === undefined ? {} : { 'x-vault-token': token }),
        ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' })
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'follow',
      signal: AbortSignal.timeout(timeoutMs)
    }).catch((error: unknown) => {
      throw new Fault('Vault cannot be reached', { cause: error, unreachable: true })
    })
    const text = await response.text().catch(() => '')
    if (response.ok) return text === '' ? {} : (JSON.parse(text) as unknown)
    // A deleted version is a 404 that says so in its metadata; one that never was, a 404 without anything.
    if (response.status === 404 && method === 'GET') return undefined
    const said = `Vault answered ${response.status} at ${path}: ${errorsIn(text)}`
    if (passing.has(response.status)) throw new Fault(said)
    throw new VaultRefused(said, response.status)
  }
}

function tokenOf({ auth }: AuthAnswer): Token {
  if (!auth) throw new Fault('Vault answered without a token')
  const leaseMs = auth.lease_duration * 1000
  return {
    value: auth.client_token,
    isRenewable: auth.renewable,
    leaseMs,
    endsAt: leaseMs > 0 ? performance.now() + leaseMs : undefined
  }
}

/** Vault's errors name no secret; what stands before it might, so nothing else of an answer is repeated. */
function errorsIn(text: string): string {
  try {
    const { errors } = JSON.parse(text) as { errors?: unknown }
    return Array.isArray(errors) ? errors.join('; ').slice(0, 300) : 'no reason given'
  } catch {
    return 'no reason given'
  }
}
