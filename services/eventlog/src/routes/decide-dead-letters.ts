import {
  DEAD_LETTERS_LIMIT,
  type discardDeadLetters,
  type replayDeadLetters
} from '@gavel/contracts/api/dead-letters.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Producer } from '@gavel/platform/kafka/producer.ts'
import type { Pool } from 'pg'
import { decideDeadLetters, type Decision } from '../store/decide-dead-letters.ts'
import { findOpenIds } from '../store/read-dead-letters.ts'

/** The two operations differ in nothing but the status that they lead to. */
export const createDecideDeadLetters =
  (
    parts: { pool: Pool; producer: Producer },
    status: Decision['status']
  ): Handler<typeof replayDeadLetters> & Handler<typeof discardDeadLetters> =>
  async ({ body, user, now, log }) => {
    const open = 'group' in body ? await findOpenIds(parts.pool, body.group, DEAD_LETTERS_LIMIT + 1) : []
    const ids = 'group' in body ? open.slice(0, DEAD_LETTERS_LIMIT) : [...new Set(body.deadLetterIds)]
    const { changed, unchanged } = await decideDeadLetters(parts, ids, { status, userId: user.userId, now })
    const known = new Set([...changed, ...unchanged])
    log.info({ status, userId: user.userId, changed: changed.length }, 'Dead letters were decided on')
    return {
      status: 200,
      body: {
        changed: changed.length,
        unchanged: unchanged.length,
        notFound: ids.filter((id) => !known.has(id)),
        more: open.length > DEAD_LETTERS_LIMIT
      }
    }
  }
