import type { readHealth as operation } from '@gavel/contracts/api/health.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import { overall, type Board } from '../domain/board.ts'

/** From memory: it answers whatever is away. */
export const readHealth =
  (board: Board): Handler<typeof operation> =>
  async ({ now }) => {
    const entries = board.view()
    return { status: 200, body: { status: overall(entries), checkedAt: now, entries } }
  }
