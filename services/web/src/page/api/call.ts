import table from 'virtual:operations'
import { serverDateIs } from './clock.ts'
import type { AnswerOf, InputOf, OperationId } from './operations.ts'
import { Problem, problemOf, unreachable } from './problem.ts'
import { accessToken, renewSession } from './session.ts'

type Input = { params?: Record<string, unknown>; query?: Record<string, unknown>; body?: unknown }
type Options = { signal?: AbortSignal; anonymous?: boolean }

const answerBoundMs = 20_000
const tries = 4

export function addressOf(path: string, { params = {}, query = {} }: Input): string {
  const filled = path.replaceAll(/:(\w+)/g, (_all, name: string) => encodeURIComponent(String(params[name])))
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  const search = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]))
  return given.length === 0 ? filled : `${filled}?${search.toString()}`
}

async function send(address: string, init: RequestInit, token: string | undefined, signal?: AbortSignal) {
  const headers = new Headers(init.headers)
  if (token) headers.set('authorization', `Bearer ${token}`)
  const late = AbortSignal.timeout(answerBoundMs)
  try {
    return await fetch(address, { ...init, headers, signal: signal ? AbortSignal.any([signal, late]) : late })
  } catch (error) {
    if (signal?.aborted) throw error
    throw unreachable()
  }
}

async function bodyOf(response: Response): Promise<unknown> {
  if (response.status === 204) return undefined
  try {
    return await response.json()
  } catch {
    return undefined
  }
}

/** One request, typed by the contracts. An access token that has run out is renewed once. */
export async function call<Id extends OperationId>(
  id: Id,
  input: InputOf<Id>,
  { signal, anonymous = false }: Options = {}
): Promise<AnswerOf<Id>> {
  const [method, path] = table[id] ?? ['GET', '/']
  const { body } = input as Input
  const address = addressOf(path, input as Input)
  const init: RequestInit =
    body === undefined
      ? { method }
      : { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  const token = anonymous ? undefined : await accessToken()
  let response = await send(address, init, token, signal)
  if (response.status === 401 && token) {
    const renewed = await renewSession(token)
    if (renewed) response = await send(address, init, renewed, signal)
  }
  serverDateIs(response.headers.get('date'))
  const answer = await bodyOf(response)
  // `/readyz` answers 503 with what is wrong; that is its answer, not a problem.
  if (response.ok || (id === 'readPlatformReadiness' && response.status === 503)) return answer as AnswerOf<Id>
  throw problemOf(response.status, answer)
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** For requests that an id of ours makes harmless to repeat: sent again after a fault until there is an answer, a few times. */
export async function callUntilAnswered<Id extends OperationId>(id: Id, input: InputOf<Id>): Promise<AnswerOf<Id>> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call(id, input)
    } catch (error) {
      if (!(error instanceof Problem) || !error.isFault || attempt >= tries) throw error
      await pause(300 * 2 ** attempt)
    }
  }
}
