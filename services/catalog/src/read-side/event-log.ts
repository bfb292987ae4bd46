import { listEvents, readEvent, type RecordedEvent } from '@gavel/contracts/api/eventlog.ts'
import { Fault } from '@gavel/platform/errors.ts'

/** The event log, as one of its readers sees it. */
export interface EventLog {
  /** Events of a topic behind a position, oldest first; none where the log has no more. */
  pageAfter(topic: string, position: number): Promise<RecordedEvent[]>
  /** Where an event stands; undefined where the log does not have it (yet). */
  positionOf(topic: string, eventId: string): Promise<number | undefined>
}

/** The log answers admins only, and the token is no longer good: an admin must begin again. */
export class NotAdmitted extends Error {
  override readonly name = 'NotAdmitted'
}

const PAGE = 200
const ANSWER_MS = 10_000

/** Reads with the token of the admin who asked for it: no secret of our own, and nobody reads the log who may not. */
export function createEventLog(url: string, authorization: string): EventLog {
  const ask = async (path: string): Promise<Response> => {
    let response: Response
    try {
      response = await fetch(new URL(path, url), { headers: { authorization }, signal: AbortSignal.timeout(ANSWER_MS) })
    } catch (error) {
      throw new Fault('The event log did not answer', { cause: error, unreachable: true })
    }
    if (response.status === 401 || response.status === 403)
      throw new NotAdmitted(`The event log answered ${response.status}`)
    if (!response.ok && response.status !== 404) {
      await response.body?.cancel()
      throw new Fault(`The event log answered ${response.status}`)
    }
    return response
  }
  return {
    async pageAfter(topic, position) {
      const query = new URLSearchParams({ topic, from: String(position + 1), limit: String(PAGE) })
      const response = await ask(`${listEvents.path}?${query.toString()}`)
      if (!response.ok) throw new Fault('The event log does not know its own address')
      return ((await response.json()) as { items: RecordedEvent[] }).items
    },
    async positionOf(topic, eventId) {
      const path = readEvent.path.replace(':eventId', encodeURIComponent(eventId))
      const response = await ask(`${path}?${new URLSearchParams({ topic }).toString()}`)
      const answer = (await response.json()) as RecordedEvent
      return response.ok ? answer.position : undefined
    }
  }
}
