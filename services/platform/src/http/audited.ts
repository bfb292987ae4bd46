import { randomUUID } from 'node:crypto'
import type { Operation } from '@gavel/contracts/define.ts'
import type { ActEnd, AuditTrail, BegunAct } from '../audit/trail.ts'
import { Refusal, toFailure, toProblem } from '../errors.ts'
import { counter } from '../metrics.ts'
import type { ServiceContext } from '../service.ts'
import { currentTraceparent } from '../telemetry.ts'
import type { User } from './auth.ts'

interface Call {
  params: unknown
  body: unknown
  user: User | undefined
  now: number
}

interface Answer {
  status: number
  body?: unknown
}

const REASON_LENGTH_MAX = 500
/** What a header can carry. */
const subjectForm = /^[\x20-\x7e]{1,128}$/

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined

function begunAct(service: string, operation: Operation, call: Call): BegunAct {
  if (!call.user) throw new TypeError(`${operation.id} is audited and was called by nobody`)
  const reason = memberOf(call.body, 'reason')
  const traceparent = currentTraceparent()
  return {
    actId: randomUUID(),
    userId: call.user.userId,
    service,
    operation: operation.id,
    params: { ...(call.params as Record<string, string> | undefined) },
    ...(typeof reason === 'string' ? { reason: reason.slice(0, REASON_LENGTH_MAX).toWellFormed() } : {}),
    ...(traceparent === undefined ? {} : { traceparent }),
    begunAt: call.now
  }
}

function subjectOf(operation: Operation, call: Call, answer?: Answer): string | undefined {
  const { subject } = operation
  const found =
    subject === undefined
      ? Object.values((call.params ?? {}) as object)[0]
      : (memberOf(answer?.body, subject) ?? memberOf(call.params, subject) ?? memberOf(call.body, subject))
  return typeof found === 'string' && subjectForm.test(found) ? found : undefined
}

/** What the admin will be told, without a body. */
function failedEnd(thrown: unknown): Omit<ActEnd, 'endedAt'> {
  const { status, body } = toProblem(thrown)
  return { outcome: toFailure(thrown) instanceof Refusal ? 'refused' : 'failed', status, code: body.code }
}

export interface AuditedParts {
  context: ServiceContext
  audit?: AuditTrail
}

/**
 * An operation whose every call is recorded: before it is done, and how it ended before it is answered. Where the first cannot be written
 * nothing is done. Where the second cannot, the admin is answered as it was, and the act is told as one whose end is unknown.
 */
export function audited<Input extends Call, Output extends Answer>(
  { context, audit }: AuditedParts,
  operation: Operation,
  handle: (input: Input) => Promise<Output>
): (input: Input) => Promise<Output> {
  if (!audit)
    throw new TypeError(`${operation.id} is for admins and changes something: the server needs an audit trail`)
  const acts = counter(context.metrics, {
    name: 'audited_acts_total',
    help: 'What admins did, by operation and outcome.',
    labelNames: ['operation', 'outcome']
  })
  return async (input) => {
    const act = begunAct(context.name, operation, input)
    await audit.begin(act)
    const end = async (how: Omit<ActEnd, 'endedAt' | 'subject'>, answer?: Output): Promise<void> => {
      acts.inc({ operation: operation.id, outcome: how.outcome })
      const subject = subjectOf(operation, input, answer)
      const ended = { ...how, ...(subject === undefined ? {} : { subject }), endedAt: context.clock() }
      await audit.end(act, ended).catch((error: unknown) => {
        context.log.error(
          { error, actId: act.actId, operation: operation.id },
          'The end of an act could not be recorded'
        )
      })
    }
    try {
      const answer = await handle(input)
      await end({ outcome: 'done', status: answer.status }, answer)
      return answer
    } catch (error) {
      await end(failedEnd(error))
      throw error
    }
  }
}
