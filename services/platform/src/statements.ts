import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { EventDefinition, TopicDefinition } from '@gavel/contracts/define.ts'
import type { PoolClient } from 'pg'
import { integer, readConfig, type Environment } from './config.ts'
import type { Producer } from './kafka/producer.ts'
import type { ReadUpTo } from './kafka/read-up-to.ts'
import type { ServiceContext } from './service.ts'

/** A page of what a service has: all of it between two ids. `upTo` is null where nothing follows. */
export interface StatedPage {
  upTo: string | null
  /** Whatever changed here before it had been published when the page was read. */
  asOf: number
  data: Record<string, unknown>
}

export interface Statement {
  definition: EventDefinition
  /** Everything behind `after`, in the binary order of ids. */
  readPage: (after: string) => Promise<StatedPage>
}

export const statementsConfig = (env: Environment): { intervalMs: number } => {
  const read = readConfig(env, {
    /** One page of each statement is told so often; when all were told it begins again. */
    STATEMENT_INTERVAL_MS: integer({ default: 5_000, min: 10, max: 24 * 60 * 60_000 })
  })
  return { intervalMs: read.STATEMENT_INTERVAL_MS }
}

/**
 * Tells what the service has, a page at a time, round after round, until the process ends. Each page stands for itself, so several processes may
 * tell the same, a page may be lost, and a process that begins again begins at the front.
 */
export function startStatements(
  context: ServiceContext,
  parts: {
    topic: TopicDefinition
    producer: Producer
    intervalMs: number
    /** How far this service has read what changes it. What others said later may not show in its pages yet. */
    readUpTo?: ReadUpTo
    statements: readonly Statement[]
  }
): void {
  const { topic, producer, intervalMs, readUpTo, statements } = parts
  const stopping = new AbortController()
  const { signal } = stopping
  const places = new Map<EventDefinition, string>()

  let caughtUpAt: number | undefined = readUpTo ? undefined : Number.MAX_SAFE_INTEGER
  const tell = async ({ definition, readPage }: Statement, readAt: number): Promise<void> => {
    const after = places.get(definition) ?? ''
    const { upTo, asOf, data } = await readPage(after)
    const event = { id: randomUUID(), key: context.name, source: context.name, time: context.clock() }
    await producer.publish(topic, [
      { ...event, definition, data: { ...data, after, upTo, asOf: Math.min(asOf, readAt) } }
    ])
    places.set(definition, upTo ?? '')
  }
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      // Some jitter, so that several processes do not read the same at the same moment.
      await delay(intervalMs * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => undefined)
      try {
        caughtUpAt = (await readUpTo?.()) ?? caughtUpAt
      } catch (error) {
        context.log.debug({ error }, 'How far this service has read could not be shown')
      }
      for (const statement of statements) {
        if (signal.aborted || caughtUpAt === undefined) break
        try {
          await tell(statement, caughtUpAt)
        } catch (error) {
          context.log.debug({ error, statement: statement.definition.name }, 'A statement could not be told')
        }
      }
    }
  }
  const running = run()
  context.closers.add(
    'statements',
    async () => {
      stopping.abort()
      await running
    },
    'relays'
  )
}

/** Reads at one moment, together with the moment before which everything that changed has been published. */
export async function readAsOf<Row>(
  client: PoolClient,
  now: number,
  read: (client: PoolClient) => Promise<Row>
): Promise<{ asOf: number; rows: Row }> {
  await client.query('set transaction isolation level repeatable read read only')
  // The first statement is the one moment. What waits in the outbox has been decided and not been told.
  const { rows: waiting } = await client.query<{ oldest: Date | null }>('select min(created_at) as oldest from outbox')
  const oldest = waiting[0]?.oldest
  return { asOf: oldest ? Math.min(now, oldest.getTime()) : now, rows: await read(client) }
}
