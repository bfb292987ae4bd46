import { request } from 'undici'

/** What one HTTP probe found: an answer, or why there is none. */
export type HttpProbe = { answered: true; status: number; body: unknown } | { answered: false; error: string }

/** The same with the body as it came. */
export type HttpAnswer = { answered: true; status: number; text: string } | { answered: false; error: string }

export interface HttpProbeOptions {
  timeoutMs: number
  /** A longer body is not read: a probe's answer is short. */
  bodyLimitBytes?: number
  signal?: AbortSignal
}

export interface HttpQuestion extends HttpProbeOptions {
  method?: 'GET' | 'HEAD' | 'POST'
  headers?: Record<string, string>
  /** Sent as it is. */
  body?: string
  /** Closes the connection after the answer: whether a new one can be made is a part of the question. */
  freshConnection?: boolean
}

async function textUpTo(body: AsyncIterable<Buffer>, limitBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > limitBytes) throw new Error('the answer is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The kind of failure alone: an answer to anybody must not carry addresses. */
function kindOf(error: unknown, timeoutMs: number): string {
  const { name, code, message } = error as NodeJS.ErrnoException
  if (name === 'TimeoutError' || name === 'AbortError') return `no answer within ${timeoutMs} ms`
  return String(code ?? message).slice(0, 120)
}

/** Asks once, within a bound, and never throws. Any answer is a finding, whatever its status. */
export async function askHttp(url: string, question: HttpQuestion): Promise<HttpAnswer> {
  const {
    timeoutMs,
    bodyLimitBytes = 64 * 1024,
    method = 'GET',
    headers,
    body: sent,
    freshConnection = false
  } = question
  const late = AbortSignal.timeout(timeoutMs)
  const signal = question.signal ? AbortSignal.any([late, question.signal]) : late
  try {
    const { statusCode, body } = await request(url, {
      method,
      signal,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      reset: freshConnection,
      ...(headers === undefined ? {} : { headers }),
      ...(sent === undefined ? {} : { body: sent })
    })
    return { answered: true, status: statusCode, text: await textUpTo(body, bodyLimitBytes) }
  } catch (error) {
    return { answered: false, error: kindOf(error, timeoutMs) }
  }
}

/** {@link askHttp} by GET, for an answer in JSON; a body that is none is `undefined`. */
export async function probeHttp(url: string, options: HttpProbeOptions): Promise<HttpProbe> {
  const answer = await askHttp(url, options)
  return answer.answered ? { answered: true, status: answer.status, body: parsed(answer.text) } : answer
}
