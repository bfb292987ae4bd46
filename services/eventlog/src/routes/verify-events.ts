import { VERIFY_LIMIT, type verifyEvents } from '@gavel/contracts/api/eventlog.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { verifyChain } from '../store/verify-chain.ts'

export const createVerifyEvents =
  (pool: Pool): Handler<typeof verifyEvents> =>
  async ({ query }) => {
    const { from = 1 } = query
    if (query.to !== undefined && query.to < from)
      throw new Refusal('INVALID_INPUT', { member: 'to', detail: 'query.to must not be below query.from' })
    const wanted = query.to ?? Number.MAX_SAFE_INTEGER
    const { to, checked, broken, head } = await verifyChain(pool, {
      from,
      to: Math.min(wanted, from + VERIFY_LIMIT - 1)
    })
    const more = !broken && to < Math.min(wanted, head.position)
    return {
      status: 200,
      body: {
        from,
        to,
        checked,
        valid: !broken,
        head,
        ...(broken && { broken }),
        ...(more && { nextFrom: to + 1 })
      }
    }
  }
