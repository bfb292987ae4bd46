import type { Pool } from 'pg'
import { audit } from '@gavel/contracts/topics.ts'
import { groupCommit } from '../group-commit.ts'
import { appendToOutbox } from '../postgres/outbox.ts'
import { transaction } from '../postgres/pool.ts'
import type { ServiceContext } from '../service.ts'
import { outsideTraces } from '../telemetry.ts'
import { sweepRegularly, type SweepTerms } from './sweep.ts'
import { ABANDONED_MS, actedEvent, type ActEnd, type AuditTrail, type BegunAct } from './trail.ts'

const SWEEP_ROWS = 200

/**
 * Acts in the service's own database; their events leave through its outbox, whose relay the service runs. Acts that begin, or end, at the
 * same time share a commit.
 */
export function postgresAudit(context: ServiceContext, pool: Pool, terms: SweepTerms = {}): AuditTrail {
  sweepRegularly(context, terms, async () => {
    const now = context.clock()
    await tellAbandoned(pool, now - (terms.abandonedMs ?? ABANDONED_MS), now)
  })
  const begin = groupCommit<BegunAct, void>(async (acts) => {
    await outsideTraces(() => insertBegun(pool, acts))
    return acts.map(() => undefined)
  })
  const end = groupCommit<{ act: BegunAct; end: ActEnd }, void>(async (ended) => {
    await outsideTraces(() => tradeForEvents(pool, ended))
    return ended.map(() => undefined)
  })
  return { begin, end: (act, how) => end({ act, end: how }) }
}

async function insertBegun(pool: Pool, acts: readonly BegunAct[]): Promise<void> {
  await pool.query(
    `insert into audited_acts (act_id, act, begun_at)
     select * from unnest($1::text[], $2::json[], $3::timestamptz[])`,
    [
      acts.map(({ actId }) => actId),
      acts.map((act) => JSON.stringify(act)),
      acts.map(({ begunAt }) => new Date(begunAt))
    ]
  )
}

async function tradeForEvents(pool: Pool, ended: readonly { act: BegunAct; end: ActEnd }[]): Promise<void> {
  await transaction(pool, async (client) => {
    await client.query('delete from audited_acts where act_id = any($1)', [ended.map(({ act }) => act.actId)])
    await appendToOutbox(
      client,
      audit,
      ended.map(({ act, end }) => actedEvent(act, end))
    )
  })
}

/** Acts whose process ended before they did. */
async function tellAbandoned(pool: Pool, before: number, now: number): Promise<void> {
  for (let found = SWEEP_ROWS; found === SWEEP_ROWS;) {
    found = await transaction(pool, async (client) => {
      const { rows } = await client.query<{ act: BegunAct }>(
        `delete from audited_acts where act_id in (
           select act_id from audited_acts where begun_at < $1 order by begun_at limit $2 for update skip locked)
         returning act`,
        [new Date(before), SWEEP_ROWS]
      )
      const events = rows.map(({ act }) => actedEvent(act, { outcome: 'unknown', endedAt: now }))
      await appendToOutbox(client, audit, events)
      return rows.length
    })
  }
}
