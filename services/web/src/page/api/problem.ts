import type { ErrorCode } from '@gavel/contracts/errors.ts'

export type ProblemCode = ErrorCode | 'UNREACHABLE'
type Body = { status: number; code: ProblemCode; title: string; detail?: string; [member: string]: unknown }

/** A refusal or a fault, as the problem document said it. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: number
  readonly code: ProblemCode
  readonly detail: string | undefined
  readonly body: Body

  constructor(body: Body) {
    super(body.title)
    this.status = body.status
    this.code = body.code
    this.detail = typeof body.detail === 'string' ? body.detail : undefined
    this.body = body
  }

  /** Nothing was answered, or the platform could not: the same request may be sent again. */
  get isFault(): boolean {
    return this.status === 0 || this.status >= 500
  }
}

export const unreachable = (): Problem =>
  new Problem({ status: 0, code: 'UNREACHABLE', title: 'The platform cannot be reached' })

export function problemOf(status: number, body: unknown): Problem {
  const known = body as Partial<Body> | undefined
  if (known && typeof known.code === 'string' && typeof known.title === 'string')
    return new Problem({ ...(known as Body), status })
  return new Problem({ status, code: 'INTERNAL', title: 'Something went wrong' })
}

/** One sentence for whatever was thrown. */
export function sentence(error: unknown): string {
  if (!(error instanceof Problem)) return error instanceof Error ? error.message : 'Something went wrong.'
  const said = error.detail ? `${error.message}: ${error.detail}` : error.message
  return /[.!?]$/.test(said) ? said : `${said}.`
}
