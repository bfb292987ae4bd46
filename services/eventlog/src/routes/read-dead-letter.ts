import type { readDeadLetter } from '@gavel/contracts/api/dead-letters.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { findDeadLetter } from '../store/read-dead-letters.ts'

export const createReadDeadLetter =
  (pool: Pool): Handler<typeof readDeadLetter> =>
  async ({ params }) => {
    const letter = await findDeadLetter(pool, params.deadLetterId)
    if (!letter) throw new Refusal('DEAD_LETTER_NOT_FOUND')
    return { status: 200, body: letter }
  }
