import { setTimeout as delay } from 'node:timers/promises'
import type { Operation } from '@gavel/contracts/define.ts'
import type { ErrorCode } from '@gavel/contracts/errors.ts'
import type { Static, TSchema } from 'typebox'
import { Pool } from 'undici'

// oxlint-disable-next-line typescript/no-explicit-any -- the only type that every operation's own types fit.
export type AnyOperation = Operation<any, any, any, any, any>

type Of<Schema> = Schema extends TSchema ? Static<Schema> : never
type Part<Name extends string, Schema> = Schema extends TSchema ? Record<Name, Static<Schema>> : unknown
export type InputOf<Called> =
  Called extends Operation<infer Params, infer Query, infer Body, infer _Responses, infer _Caller>
    ? Part<'params', Params> & Partial<Part<'query', Query>> & Part<'body', Body>
    : never
export type AnswerOf<Called> =
  Called extends Operation<infer _Params, infer _Query, infer _Body, infer Responses, infer _Caller>
    ? Of<Responses[keyof Responses]>
    : never

/** The platform said no, in a problem document. `code` is of the error list, or `HTTP_<status>` where something else answered. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly status: number
  readonly code: ErrorCode | `HTTP_${number}`
  readonly problem: Record<string, unknown>

  constructor(operationId: string, status: number, problem: Record<string, unknown>) {
    const code = typeof problem['code'] === 'string' ? (problem['code'] as ErrorCode) : (`HTTP_${status}` as const)
    const detail = typeof problem['detail'] === 'string' ? `, ${problem['detail']}` : ''
    super(`${operationId} was refused: ${code}${detail}`)
    this.status = status
    this.code = code
    this.problem = problem
  }
}

/** Nothing answered, or only faults did, until the bound had passed. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered'
}

export type CallOptions = {
  token?: string
  /** True where the caller knows that a repeat is harmless, as with an id of its own choosing. */
  repeatable?: boolean
  /** How long to go on trying through limits and faults. */
  boundMs?: number
}

type Answer = { status: number; retryAfterMs: number | undefined; body: unknown }

function pathOf(operation: AnyOperation, input: { params?: object; query?: object }): string {
  const params = (input.params ?? {}) as Record<string, string | number>
  const path = operation.path.replace(/:(\w+)/g, (_all, name: string) => encodeURIComponent(String(params[name])))
  const query = Object.entries(input.query ?? {}).filter(([, value]) => value !== undefined)
  const search = new URLSearchParams(query.map(([name, value]): [string, string] => [name, String(value)]))
  return query.length === 0 ? path : `${path}?${search.toString()}`
}

function parseBody(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text)
  } catch {
    return { detail: text.slice(0, 200) }
  }
}

function retryAfterMs(header: string | string[] | undefined): number | undefined {
  const seconds = Number(Array.isArray(header) ? header[0] : header)
  return header !== undefined && Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0.05), 60) * 1000 : undefined
}

/** Whether another try can help: a limit lets up, a fault passes. A locked account is an answer, not a limit. */
function isPassing(answer: Answer, repeatable: boolean): boolean {
  if (answer.status === 429) return (answer.body as { code?: string } | null)?.code !== 'ACCOUNT_LOCKED'
  return repeatable && [500, 502, 503, 504].includes(answer.status)
}

/** A client of the platform's public address, typed by the contracts. Waits out rate limits as it is told to. */
export type Gateway = {
  url: string
  call<Called extends AnyOperation>(
    operation: Called,
    input: InputOf<Called>,
    options?: CallOptions
  ): Promise<AnswerOf<Called>>
  close(): Promise<void>
}

export function createGateway(url: string, connections = 64): Gateway {
  const pool = new Pool(url, {
    connections,
    pipelining: 1,
    headersTimeout: 30_000,
    bodyTimeout: 30_000,
    connectTimeout: 5_000
  })

  async function once(
    operation: AnyOperation,
    path: string,
    body: unknown,
    token: string | undefined
  ): Promise<Answer> {
    const response = await pool.request({
      method: operation.method,
      path,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token && { authorization: `Bearer ${token}` })
      },
      body: body === undefined ? null : JSON.stringify(body)
    })
    const text = await response.body.text()
    return {
      status: response.statusCode,
      retryAfterMs: retryAfterMs(response.headers['retry-after']),
      body: parseBody(text)
    }
  }

  return {
    url,
    async call(operation, input, options = {}) {
      const { token, boundMs = 60_000 } = options
      const repeatable = options.repeatable ?? operation.idempotent ?? operation.method === 'GET'
      const { body, ...rest } = input as { params?: object; query?: object; body?: unknown }
      const path = pathOf(operation, rest)
      const end = Date.now() + boundMs
      for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 2, 2_000)) {
        const answer = await once(operation, path, body, token).catch((error: Error) => error)
        const fault = answer instanceof Error
        if (!fault && answer.status < 300) return answer.body as AnswerOf<typeof operation>
        const passing = fault ? repeatable : isPassing(answer, repeatable)
        const waitMs = (fault ? undefined : answer.retryAfterMs) ?? pauseMs * (0.5 + Math.random())
        if (passing && Date.now() + waitMs < end) {
          await delay(waitMs)
          continue
        }
        if (fault) throw new Unanswered(`${operation.id} was not answered: ${answer.message}`, { cause: answer })
        const problem = (answer.body ?? {}) as Record<string, unknown>
        if (passing) throw new Unanswered(`${operation.id} was answered ${answer.status} for ${boundMs / 1000} s`)
        throw new Refused(operation.id, answer.status, problem)
      }
    },
    close: () => pool.close()
  }
}
