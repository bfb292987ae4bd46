import type { discardDeadLetter, replayDeadLetter } from '@gavel/contracts/api/dead-letters.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Producer } from '@gavel/platform/kafka/producer.ts'
import type { Pool } from 'pg'
import { decideDeadLetters, type Decision } from '../store/decide-dead-letters.ts'
import { findDeadLetter } from '../store/read-dead-letters.ts'

/** The two operations differ in nothing but the status that they lead to. */
export const createDecideDeadLetter =
  (
    parts: { pool: Pool; producer: Producer },
    status: Decision['status']
  ): Handler<typeof replayDeadLetter> & Handler<typeof discardDeadLetter> =>
  async ({ params: { deadLetterId }, user, now, log }) => {
    const { changed } = await decideDeadLetters(parts, [deadLetterId], { status, userId: user.userId, now })
    const letter = await findDeadLetter(parts.pool, deadLetterId)
    if (!letter) throw new Refusal('DEAD_LETTER_NOT_FOUND')
    if (changed.length > 0) log.info({ deadLetterId, status, userId: user.userId }, 'A dead letter was decided on')
    return { status: 200, body: letter }
  }
