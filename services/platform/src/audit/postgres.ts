import type { Pool } from 'pg'
import { audit } from '@gavel/contracts/topics.ts'
import { appendToOutbox } from '../postgres/outbox.ts'
import { transaction } from '../postgres/pool.ts'
import type { ServiceContext } from '../service.ts'
import { sweepRegularly, type SweepTerms } from './sweep.ts'
import { ABANDONED_MS, actedEvent, type AuditTrail, type BegunAct } from './trail.ts'

const SWEEP_ROWS = 200

/** Acts in the service's own database; their events leave through its outbox, whose relay the service runs. */
export function postgresAudit(context: ServiceContext, pool: Pool, terms: SweepTerms = {}): AuditTrail {
  sweepRegularly(context, terms, async () => {
    const now = context.clock()
    await tellAbandoned(pool, now - (terms.abandonedMs ?? ABANDONED_MS), now)
  })
  return {
    async begin(act) {
      await pool.query('insert into audited_acts (act_id, act, begun_at) values ($1, $2, $3)', [
        act.actId,
        JSON.stringify(act),
        new Date(act.begunAt)
      ])
    },
    async end(act, end) {
      await transaction(pool, async (client) => {
        await client.query('delete from audited_acts where act_id = $1', [act.actId])
        await appendToOutbox(client, audit, [actedEvent(act, end)])
      })
    }
  }
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
