import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/**
 * The part of Vault's HTTP API that our client uses, answer by answer as a real server gave it (`vault-recorded.json`): KV v2, the
 * token's own paths, and the log-in by Kubernetes. It is a stand-in: a real server cannot be built within what a test may cost here.
 */
interface Token {
  endsAt: number
  /** Beyond it no renewal goes. */
  lastAt: number
  periodS: number
}

interface Answer {
  status: number
  body?: object
}

const refused = (status: number, ...errors: string[]): Answer => ({ status, body: { errors } })
const denied = refused(403, 'permission denied')

export class VaultContract {
  /** What is asked, without secrets: `POST /v1/auth/kubernetes/login`. */
  readonly asked: string[] = []
  /** While it is sealed it answers nothing else. */
  isSealed = false
  /** The one that the API server would vouch for. */
  jwt = 'a.service.account'
  /** Seconds that a token from a log-in lasts, and how far it can be renewed. */
  leaseS = 3600
  leaseMaxS = 36_000
  readonly #tokens = new Map<string, Token>()
  readonly #secrets = new Map<string, { version: number; data: Record<string, unknown> | null }>()
  readonly #server: Server
  port = 0

  readonly #scheme: string

  constructor(tls?: { key: string; cert: string }) {
    const answer = (request: IncomingMessage, response: ServerResponse) => void this.#answer(request, response)
    this.#server = tls ? createTlsServer(tls, answer) : createServer(answer)
    this.#scheme = tls ? 'https' : 'http'
  }

  get address(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`
  }

  async start(): Promise<void> {
    this.#server.listen(this.port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.port = (this.#server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  token(leaseS = this.leaseS, leaseMaxS = this.leaseMaxS): string {
    const value = `hvs.${randomBytes(18).toString('base64url')}`
    const now = Date.now()
    this.#tokens.set(value, { endsAt: now + leaseS * 1000, lastAt: now + leaseMaxS * 1000, periodS: leaseS })
    return value
  }

  revokeAll(): void {
    this.#tokens.clear()
  }

  write(path: string, data: Record<string, unknown> | null): void {
    this.#secrets.set(path, { version: (this.#secrets.get(path)?.version ?? 0) + (data === null ? 0 : 1), data })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    const { pathname } = new URL(request.url ?? '', this.address)
    this.asked.push(`${request.method} ${pathname}`)
    const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
    const { status, body: answer } = this.#route(
      `${request.method} ${pathname}`,
      request.headers['x-vault-token'],
      body
    )
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    response.end(answer === undefined ? '' : JSON.stringify(answer))
  }

  #route(asked: string, token: string | string[] | undefined, body: Record<string, unknown>): Answer {
    if (this.isSealed) return refused(503, 'Vault is sealed')
    if (asked === 'POST /v1/auth/kubernetes/login') {
      if (body['jwt'] !== this.jwt) return denied
      if (body['role'] !== 'gavel') return refused(400, `invalid role name "${String(body['role'])}"`)
      return { status: 200, body: this.#auth(this.token()) }
    }
    const known = this.#tokens.get(String(token))
    if (!known || known.endsAt <= Date.now()) return denied
    if (asked === 'GET /v1/auth/token/lookup-self') {
      return { status: 200, body: { data: { ttl: Math.ceil((known.endsAt - Date.now()) / 1000), renewable: true } } }
    }
    if (asked === 'POST /v1/auth/token/renew-self') {
      known.endsAt = Math.min(known.lastAt, Date.now() + known.periodS * 1000)
      return { status: 200, body: this.#auth(String(token)) }
    }
    const path = /^GET \/v1\/secret\/data\/(.+)$/.exec(asked)?.[1]
    if (path === undefined) return denied
    if (path.startsWith('others/')) return refused(403, '1 error occurred:\n\t* permission denied\n\n')
    const secret = this.#secrets.get(path)
    if (!secret) return refused(404)
    const metadata = {
      created_time: '2026-01-01T00:00:00.000000000Z',
      custom_metadata: null,
      deletion_time: secret.data === null ? '2026-01-01T00:00:01.000000000Z' : '',
      destroyed: false,
      version: secret.version
    }
    const answer = { lease_id: '', renewable: false, lease_duration: 0, data: { data: secret.data, metadata } }
    return { status: secret.data === null ? 404 : 200, body: answer }
  }

  #auth(token: string): object {
    const lasts = Math.max(0, Math.floor((this.#tokens.get(token)!.endsAt - Date.now() + 500) / 1000))
    return { auth: { client_token: token, policies: ['default', 'gavel'], lease_duration: lasts, renewable: true } }
  }
}
