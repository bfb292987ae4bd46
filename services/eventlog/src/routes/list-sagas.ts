import type { listSagas } from '@gavel/contracts/api/sagas.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { isStuck } from '../domain/saga.ts'
import { findSagas, type SagaPlace } from '../store/sagas.ts'

const form = /^(\d{1,19})~([A-Za-z0-9_-]+\.[0-9]+)$/
/** Above every rank there is. */
const RANK_MAX = 2n ** 60n

const toCursor = ({ rank, orderNumber }: SagaPlace): string =>
  Buffer.from(`${rank}~${orderNumber}`).toString('base64url')

function fromCursor(cursor: string | undefined): SagaPlace | undefined {
  if (cursor === undefined) return undefined
  const match = form.exec(Buffer.from(cursor, 'base64url').toString('utf8'))
  if (!match || BigInt(match[1]!) > RANK_MAX)
    throw new Refusal('INVALID_INPUT', { detail: 'cursor is not one that this listing gave' })
  return { rank: match[1]!, orderNumber: match[2]! }
}

export const createListSagas =
  (pool: Pool, stuckMs: number): Handler<typeof listSagas> =>
  async ({ query, now }) => {
    const { cursor, limit = 50, ageMinMs, synthetic = false, ...filter } = query
    const confirmedBefore = ageMinMs === undefined ? undefined : now - ageMinMs
    const found = await findSagas(
      pool,
      { ...filter, confirmedBefore, synthetic },
      { behind: fromCursor(cursor), limit: limit + 1 }
    )
    const shown = found.slice(0, limit)
    const items = shown.map(({ saga }) => ({ ...saga, stuck: isStuck(saga, now, stuckMs) }))
    const end = shown.at(-1)
    return {
      status: 200,
      body: found.length > limit && end ? { items, nextCursor: toCursor(end.place) } : { items }
    }
  }
