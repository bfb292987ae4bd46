import { serverDateIs } from './clock.js'
import { accessToken, renewSession } from './session.js'

/** A refusal or a fault, as the problem document said it. */
export class Problem extends Error {
  /** @param {{ status: number, code: string, title: string, detail?: string, receipt?: any }} body */
  constructor(body) {
    super(body.title)
    this.status = body.status
    this.code = body.code
    this.detail = body.detail
    this.receipt = body.receipt
  }

  /** Nothing was answered, or the platform could not: the same request may be sent again. */
  get isFault() {
    return this.status === 0 || this.status >= 500
  }
}

const unreachable = { status: 0, code: 'UNREACHABLE', title: 'The platform cannot be reached. Check your connection.' }

/** @param {Response} response @returns {Promise<any>} */
async function bodyOf(response) {
  if (response.status === 204) return undefined
  try {
    return await response.json()
  } catch {
    return undefined
  }
}

/** @param {string} path @param {{ method: string, body?: unknown, signal?: AbortSignal, token?: string }} options */
async function send(path, { method, body, signal, token }) {
  const headers = new Headers()
  if (body !== undefined) headers.set('content-type', 'application/json')
  if (token) headers.set('authorization', `Bearer ${token}`)
  try {
    const late = AbortSignal.timeout(20_000)
    const init = { method, headers, signal: signal ? AbortSignal.any([signal, late]) : late }
    return await fetch(path, body === undefined ? init : { ...init, body: JSON.stringify(body) })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new Problem(unreachable)
  }
}

/**
 * One request. An access token that has run out is renewed once.
 * @param {string} method @param {string} path
 * @param {{ body?: unknown, signal?: AbortSignal, anonymous?: boolean }} [options]
 * @returns {Promise<any>}
 */
export async function call(method, path, options = {}) {
  const token = options.anonymous ? undefined : await accessToken()
  let response = await send(path, { method, ...options, ...(token && { token }) })
  if (response.status === 401 && token) {
    const renewed = await renewSession(token)
    if (renewed) response = await send(path, { method, ...options, token: renewed })
  }
  serverDateIs(response.headers.get('date'))
  const body = await bodyOf(response)
  if (response.ok) return body
  const known = body && typeof body.code === 'string' && typeof body.title === 'string'
  throw new Problem(
    known
      ? { ...body, status: response.status }
      : { status: response.status, code: 'INTERNAL', title: 'Something went wrong' }
  )
}

/** @param {string} path @param {{ signal?: AbortSignal }} [options] */
export const read = (path, options) => call('GET', path, options)

const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * For requests that are idempotent by an id of ours: sent again after a fault until there is an answer, a few times.
 * @param {string} method @param {string} path @param {unknown} body
 */
export async function callUntilAnswered(method, path, body) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call(method, path, { body })
    } catch (error) {
      if (!(error instanceof Problem) || !error.isFault || attempt >= 4) throw error
      await pause(300 * 2 ** attempt)
    }
  }
}
