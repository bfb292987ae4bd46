import { AdminActed } from '@gavel/contracts/events/audit.ts'
import type { DataOf } from '@gavel/contracts/define.ts'
import type { OutgoingEvent } from '../kafka/events.ts'

/** What is known of an admin's act before it is done. */
export interface BegunAct {
  actId: string
  userId: string
  service: string
  operation: string
  params: Record<string, string>
  reason?: string
  traceparent?: string
  begunAt: number
}

/** How it ended, as the admin was told. */
export type ActEnd = Pick<DataOf<typeof AdminActed>, 'outcome' | 'status' | 'code' | 'subject' | 'endedAt'>

/**
 * Where acts are kept until they are events. An act is written down before it is done and again when it has ended, and only then
 * answered: so none is done unseen, whatever breaks in between. One that never ended is told as such.
 */
export interface AuditTrail {
  /** Durable when it resolves. Where it throws, the act must not be done. */
  begin(act: BegunAct): Promise<void>
  /** Durable when it resolves, and from then on on its way to the topic. */
  end(act: BegunAct, end: ActEnd): Promise<void>
}

/** Longer than any request may take. */
export const ABANDONED_MS = 10 * 60_000

/** The same act told twice has one id; one that ended after it was given up is told again under its own. */
export function actedEvent(act: BegunAct, end: ActEnd): OutgoingEvent<typeof AdminActed> {
  const { traceparent, ...known } = act
  const traceId = traceparent?.split('-')[1]
  return {
    definition: AdminActed,
    id: end.outcome === 'unknown' ? `${act.actId}.unknown` : act.actId,
    key: act.userId,
    source: act.service,
    ...(end.subject === undefined ? {} : { subject: end.subject }),
    time: end.endedAt,
    ...(traceparent === undefined ? {} : { traceparent }),
    data: { ...known, ...end, role: 'admin', ...(traceId === undefined ? {} : { traceId }) }
  }
}
