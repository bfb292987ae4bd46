import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { Agent, request } from 'undici'
import type { Secret } from '@gavel/platform/config.ts'
import { Fault } from '@gavel/platform/errors.ts'
import type { ChargeAnswer } from '../domain/payment.ts'
import type { PaymentProvider } from './port.ts'

export interface HttpProviderOptions {
  url: string
  apiKey: Secret
  /** For one request, from connecting to the last byte of the answer. */
  timeoutMs: number
  connectionsMax: number
  /** Requests for one call, the first included. Repeats carry the same idempotency key, so none of them doubles anything. */
  attempts: number
}

interface Exchange {
  method: 'GET' | 'POST'
  path: string
  key?: string
  body?: unknown
}
interface Answer {
  status: number
  body: Record<string, unknown>
}

const repeatAfterMs = 100
/** No answer of the provider is anywhere near this; a longer one is not read. */
const answerBytesMax = 64 * 1024

/** The provider's HTTP API. No message, error or log of this file repeats a body: bodies hold card numbers. */
export function createHttpProvider(options: HttpProviderOptions): PaymentProvider {
  const agent = new Agent({
    connections: options.connectionsMax,
    pipelining: 1,
    connect: { timeout: Math.min(options.timeoutMs, 3_000) },
    headersTimeout: options.timeoutMs,
    bodyTimeout: options.timeoutMs
  })
  const base = options.url.replace(/\/$/, '')

  async function once({ method, path, key, body }: Exchange): Promise<Answer> {
    const response = await request(`${base}${path}`, {
      method,
      dispatcher: agent,
      signal: AbortSignal.timeout(options.timeoutMs),
      headers: {
        authorization: `Bearer ${options.apiKey.reveal()}`,
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' })
      },
      body: body === undefined ? null : JSON.stringify(body)
    })
    if (Number(response.headers['content-length'] ?? 0) > answerBytesMax) {
      response.body.destroy()
      throw new Fault('The provider answered with more than it ever should')
    }
    const parsed: unknown = await response.body.json()
    return { status: response.statusCode, body: typeof parsed === 'object' && parsed !== null ? { ...parsed } : {} }
  }

  /** A returned answer is certain; a Fault leaves the outcome unknown. */
  async function exchange(what: Exchange): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await once(what)
        if (answer.status < 500 && answer.status !== 429 && answer.status !== 408) return answer
        throw new Fault(`The provider answered ${answer.status} to ${what.method} ${pathOnly(what.path)}`)
      } catch (error) {
        if (attempt >= options.attempts) throw asFault(error, what)
        await wait(repeatAfterMs)
      }
    }
  }

  return {
    async storeCard(card) {
      const { status, body } = await exchange({ method: 'POST', path: '/v1/cards', key: randomUUID(), body: card })
      if (status === 201)
        return {
          outcome: 'stored',
          token: text(body, 'token'),
          brand: text(body, 'brand'),
          lastFour: text(body, 'lastFour')
        }
      if (status === 422 || status === 402) return { outcome: 'refused', providerCode: code(body) }
      throw unexpected(status)
    },

    async capture({ key, token, amountMinor, currency }) {
      const { status, body } = await exchange({
        method: 'POST',
        path: '/v1/charges',
        key,
        body: { token, amountMinor, currency }
      })
      return chargeOf(status, body)
    },

    async lookUp(key) {
      const { status, body } = await exchange({ method: 'GET', path: `/v1/charges?key=${encodeURIComponent(key)}` })
      return status === 404 ? undefined : chargeOf(status, body)
    },

    async cancel(key) {
      const { status, body } = await exchange({
        method: 'POST',
        path: `/v1/charges/${encodeURIComponent(key)}/cancel`,
        key: `cancel.${key}`
      })
      return chargeOf(status, body)
    },

    async refund({ key, chargeId }) {
      const { status, body } = await exchange({ method: 'POST', path: '/v1/refunds', key, body: { chargeId } })
      if (status !== 200 || body['status'] !== 'refunded') throw unexpected(status)
      return { outcome: 'refunded', chargeId: text(body, 'chargeId') }
    },

    async check() {
      await exchange({ method: 'GET', path: '/readyz' })
    },

    async close() {
      await agent.close()
    }
  }
}

const pathOnly = (path: string): string => path.split('?')[0] ?? path

function asFault(error: unknown, { method, path }: Exchange): Fault {
  if (error instanceof Fault) return error
  const name = error instanceof Error ? ((error as { code?: string }).code ?? error.name) : 'unknown'
  return new Fault(`No answer of the provider to ${method} ${pathOnly(path)}: ${name}`, { cause: error })
}

/** Neither a yes nor a no: a wrong API key, an unknown token. Asking again later may help once somebody has repaired it. */
const unexpected = (status: number): Fault => new Fault(`The provider answered ${status}, which settles nothing`)

function text(body: Record<string, unknown>, name: string): string {
  const value = body[name]
  if (typeof value !== 'string' || value === '' || value.length > 120)
    throw new Fault(`The provider's answer has no ${name}`)
  return value
}

const code = (body: Record<string, unknown>): string =>
  typeof body['code'] === 'string' ? body['code'].slice(0, 64) : 'unspecified'

function chargeOf(status: number, body: Record<string, unknown>): ChargeAnswer {
  if (status !== 200 && status !== 201 && status !== 402) throw unexpected(status)
  switch (body['status']) {
    case 'captured':
    case 'refunded':
      return { outcome: body['status'], chargeId: text(body, 'chargeId') }
    case 'declined':
      return { outcome: 'declined', providerCode: code(body) }
    case 'cancelled':
      return { outcome: 'cancelled' }
    default:
      throw unexpected(status)
  }
}
