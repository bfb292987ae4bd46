import { setTimeout as delay } from 'node:timers/promises'
import { toFailure } from '@gavel/platform/errors.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Pool } from 'pg'
import {
  beginRebuild,
  completeTopic,
  dropDeadGenerations,
  openTopics,
  stopRebuild,
  swapGenerations,
  takePage,
  touchRebuild
} from '../store/read-side/rebuilds.ts'
import { NotAdmitted, type EventLog } from './event-log.ts'

/** How long a fault is met with another attempt, and how long the log may take to hear what we have heard. */
export interface RebuildTerms {
  patienceMs: number
  pauseMs: number
}

export interface Rebuilding {
  /** Begins to build, or goes on with what was stopped. Settles once that is decided; the building goes on by itself. */
  start(startedBy: string, log: EventLog, topics: readonly string[]): Promise<void>
}

/**
 * Builds a new generation of the read side from the event log while the one before answers. Consumers write into both from the first
 * moment; the log is read until it has gone beyond what they had taken by then. So every event is in the new generation, whichever of
 * the two was faster to hear of it, and what comes twice is taken once: the facts' own versions say which is newer.
 */
export function createRebuilding(context: ServiceContext, pool: Pool, terms: RebuildTerms): Rebuilding {
  const ending = new AbortController()
  let running: Promise<void> | undefined
  context.closers.add(
    'rebuild',
    async () => {
      ending.abort()
      await running
    },
    'relays'
  )
  return {
    async start(startedBy, log, topics) {
      const generation = await beginRebuild(pool, startedBy, topics)
      context.log.info({ generation }, 'The read side is being built from the event log')
      running = run({ context, pool, terms, log, generation, signal: ending.signal })
    }
  }
}

interface Work {
  context: ServiceContext
  pool: Pool
  terms: RebuildTerms
  log: EventLog
  generation: number
  signal: AbortSignal
}

/** Thrown inside this file only: it stands still, and why. */
class Stopped extends Error {}

async function run(work: Work): Promise<void> {
  const { context, pool, generation } = work
  try {
    for (const open of await patiently(work, async () => await openTopics(pool, generation)))
      await readTopic(work, open)
    await patiently(work, async () => await swapGenerations(pool, generation))
    context.log.info({ generation }, 'Searches read the new read side')
    await patiently(work, async () => await dropDeadGenerations(pool))
  } catch (error) {
    const reason = error instanceof Stopped ? error.message : `${toFailure(error).name}: ${toFailure(error).message}`
    context.log.warn({ error, generation }, 'Building the read side stands still')
    await stopRebuild(pool, generation, reason.slice(0, 300)).catch(() => undefined)
  }
}

/** Reads a topic to the end of the log, and beyond every mark. */
async function readTopic(work: Work, open: { topic: string; position: number; marks: string[] }): Promise<void> {
  const { log, pool, generation } = work
  const { topic } = open
  let { position } = open
  const awaited = new Set(open.marks)
  for (;;) {
    const events = await patiently(work, async () => await log.pageAfter(topic, position))
    if (events.length > 0) {
      position = events.at(-1)!.position
      await patiently(work, async () => await takePage(pool, { generation, topic, position }, events))
      for (const { eventId } of events) awaited.delete(eventId)
      continue
    }
    // The end of the log. Of what was read before a stop we only know the position.
    if (await beyondMarks(work, topic, awaited, position)) break
  }
  await patiently(work, async () => await completeTopic(pool, generation, topic))
}

/** Whether the log was read beyond the marks; waits while the log has not heard of one yet. */
async function beyondMarks(work: Work, topic: string, awaited: Set<string>, position: number): Promise<boolean> {
  const { log, pool, generation, terms, signal } = work
  const giveUpAt = performance.now() + terms.patienceMs
  for (const eventId of awaited) {
    let at = await patiently(work, async () => await log.positionOf(topic, eventId))
    while (at === undefined) {
      if (performance.now() > giveUpAt) throw new Stopped(`The event log does not have event ${eventId} of ${topic}`)
      await pause(terms.pauseMs, signal)
      await patiently(work, async () => await touchRebuild(pool, generation))
      at = await patiently(work, async () => await log.positionOf(topic, eventId))
    }
    if (at > position) return false
    awaited.delete(eventId)
  }
  return true
}

/** A fault passes, or it does not within the time. */
async function patiently<T>({ terms, signal }: Work, attempt: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + terms.patienceMs
  for (;;) {
    if (signal.aborted) throw new Stopped('The process ended')
    try {
      return await attempt()
    } catch (error) {
      if (error instanceof NotAdmitted) throw new Stopped(`${error.message}: begin again with a new token`)
      if (toFailure(error).name !== 'Fault' || performance.now() > giveUpAt) throw error
      await pause(terms.pauseMs, signal)
    }
  }
}

const pause = async (ms: number, signal: AbortSignal): Promise<void> =>
  await delay(ms, undefined, { signal }).catch(() => undefined)
