import { request } from 'undici'

/** What one HTTP probe found: an answer, or why there is none. */
export type HttpProbe = { answered: true; status: number; body: unknown } | { answered: false; error: string }

export interface HttpProbeOptions {
  timeoutMs: number
  /** A longer body is not read: a probe's answer is short. */
  bodyLimitBytes?: number
  signal?: AbortSignal
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
export async function probeHttp(url: string, options: HttpProbeOptions): Promise<HttpProbe> {
  const { timeoutMs, bodyLimitBytes = 64 * 1024 } = options
  const late = AbortSignal.timeout(timeoutMs)
  const signal = options.signal ? AbortSignal.any([late, options.signal]) : late
  try {
    const { statusCode, body } = await request(url, { signal, headersTimeout: timeoutMs, bodyTimeout: timeoutMs })
    return { answered: true, status: statusCode, body: parsed(await textUpTo(body, bodyLimitBytes)) }
  } catch (error) {
    return { answered: false, error: kindOf(error, timeoutMs) }
  }
}
