import { Refusal } from '@gavel/platform/errors.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Pool, PoolClient } from 'pg'
import { factsOf, type ToldEvent } from '../../domain/facts.ts'
import { applyFacts } from './apply-facts.ts'

/** The state of a generation that is built from the event log. */

export interface TopicProgress {
  topic: string
  /** The last position that was read. */
  position: number
  complete: boolean
}
export interface Rebuild {
  generation: number
  startedBy: string
  startedAt: number
  endedAt: number | undefined
  stopped: string | undefined
  topics: TopicProgress[]
}

/** A process that says nothing for so long is taken for dead. */
const SILENT_MS = 30_000

/** Consumers hold the generations they write into; this waits for them and they for it, so no batch falls between. */
const holdAlone = async (client: PoolClient): Promise<void> => {
  await client.query(`set local lock_timeout = '5s'`)
  await client.query('lock table read_sides in exclusive mode')
}

/** Makes a generation, or takes up one that nobody works on any more. From then on consumers write into it too. */
export async function beginRebuild(pool: Pool, startedBy: string, topics: readonly string[]): Promise<number> {
  return await transaction(pool, async (client) => {
    await holdAlone(client)
    const { rows } = await client.query<{ generation: number; busy: boolean }>(
      `select generation, stopped is null and touched_at > now() - $1 * interval '1 millisecond' as busy
         from read_sides join rebuilds using (generation)
        where status = 'building'`,
      [SILENT_MS]
    )
    const found = rows[0]
    if (found?.busy === true) throw new Refusal('REBUILD_RUNNING')
    if (found) {
      await client.query('update rebuilds set stopped = null, touched_at = now() where generation = $1', [
        found.generation
      ])
      return found.generation
    }
    return await makeGeneration(client, startedBy, topics)
  })
}

async function makeGeneration(client: PoolClient, startedBy: string, topics: readonly string[]): Promise<number> {
  const { rows } = await client.query<{ generation: number }>(
    `select nextval('read_side_generations')::integer as generation`
  )
  const { generation } = rows[0]!
  await client.query('select make_read_side($1)', [generation])
  await client.query(`insert into read_sides (generation, status) values ($1, 'building')`, [generation])
  await client.query('insert into rebuilds (generation, started_by) values ($1, $2)', [generation, startedBy])
  await client.query(
    `insert into rebuild_topics (generation, topic, marks)
     select $1, topic, array(select event_id from read_side_marks where read_side_marks.topic = asked.topic)
       from unnest($2::text[]) as asked (topic)`,
    [generation, topics]
  )
  return generation
}

/** What is left to be read. */
export async function openTopics(
  pool: Pool,
  generation: number
): Promise<{ topic: string; position: number; marks: string[] }[]> {
  const { rows } = await pool.query<{ topic: string; position: number; marks: string[] }>(
    `select topic, position, marks from rebuild_topics where generation = $1 and not complete order by topic`,
    [generation]
  )
  return rows
}

/** Takes a page of the log into the generation, with how far it goes. */
export async function takePage(
  pool: Pool,
  { generation, topic, position }: { generation: number; topic: string; position: number },
  events: readonly ToldEvent[]
): Promise<void> {
  await transaction(pool, async (client) => {
    await applyFacts(client, generation, factsOf(events))
    await client.query('update rebuild_topics set position = $3 where generation = $1 and topic = $2', [
      generation,
      topic,
      position
    ])
    await client.query('update rebuilds set touched_at = now() where generation = $1', [generation])
  })
}

export const touchRebuild = async (pool: Pool, generation: number): Promise<void> =>
  void (await pool.query('update rebuilds set touched_at = now() where generation = $1', [generation]))

export const completeTopic = async (pool: Pool, generation: number, topic: string): Promise<void> =>
  void (await pool.query('update rebuild_topics set complete = true where generation = $1 and topic = $2', [
    generation,
    topic
  ]))

export const stopRebuild = async (pool: Pool, generation: number, reason: string): Promise<void> =>
  void (await pool.query('update rebuilds set stopped = $2 where generation = $1', [generation, reason]))

/**
 * From here on searches read the new generation and consumers write into it alone. Searches under way end on the old one. Waits for them a moment only, so that no new search queues behind an old one; the caller tries again.
 */
export async function swapGenerations(pool: Pool, generation: number): Promise<void> {
  await transaction(pool, async (client) => {
    await holdAlone(client)
    await client.query(`set local lock_timeout = '1s'`)
    const { rowCount } = await client.query(`select from read_sides where generation = $1 and status = 'building'`, [
      generation
    ])
    // Another process, which took it up, was faster.
    if (rowCount === 0) return
    await client.query(`delete from read_sides where status = 'serving'`)
    await client.query(`update read_sides set status = 'serving' where generation = $1`, [generation])
    await client.query('select serve_read_side($1)', [generation])
    await client.query('update rebuilds set ended_at = now() where generation = $1', [generation])
  })
}

/** Schemas of generations that live no more, those too whose process ended before it came to this. Waits for searches under way. */
export async function dropDeadGenerations(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ schema: string }>(
    `select nspname as schema
       from pg_namespace
      where nspname ~ '^read_[0-9]+$'
        and not exists (select from read_sides where nspname = 'read_' || generation)`
  )
  for (const { schema } of rows) await pool.query(`drop schema if exists ${schema} cascade`)
}

/** The generation that answers, and the one built last or now. */
export async function readReadSide(pool: Pool): Promise<{ serving: number; rebuild: Rebuild | undefined }> {
  const { rows } = await pool.query<{
    serving: number
    generation: number | null
    started_by: string
    started_at: Date
    ended_at: Date | null
    stopped: string | null
    topics: TopicProgress[]
  }>(
    `select serving.generation as serving, latest.generation, started_by, started_at, ended_at, stopped,
            (select coalesce(json_agg(json_build_object('topic', topic, 'position', position, 'complete', complete) order by topic), '[]')
               from rebuild_topics where rebuild_topics.generation = latest.generation) as topics
       from read_sides as serving
       left join (select * from rebuilds order by generation desc limit 1) as latest on true
      where status = 'serving'`
  )
  const row = rows[0]!
  const rebuild =
    row.generation === null
      ? undefined
      : {
          generation: row.generation,
          startedBy: row.started_by,
          startedAt: row.started_at.getTime(),
          endedAt: row.ended_at?.getTime(),
          stopped: row.stopped ?? undefined,
          topics: row.topics
        }
  return { serving: row.serving, rebuild }
}
