import type * as api from '@gavel/contracts/api/identity.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Dependencies } from '../dependencies.ts'
import { decideRefresh } from '../domain/session.ts'
import { tokenPair } from '../sign-in.ts'
import { findById } from '../store/accounts.ts'
import { endSession, lockToken, rotateToken } from '../store/sessions.ts'

export const refresh =
  ({ pool, prepareAccessToken, metrics }: Dependencies): Handler<typeof api.refresh> =>
  async ({ body: { refreshToken }, now, log }) => {
    const signFor = await prepareAccessToken(now)
    // A refusal is returned, not thrown: the end of the session must be committed.
    const outcome = await transaction(pool, async (client) => {
      const token = await lockToken(client, refreshToken)
      const decision = decideRefresh(token, now)
      if (decision.status === 'refuse') {
        const ending = decision.endSession ? token?.sessionId : undefined
        if (ending !== undefined) await endSession(client, ending, 'token-reused', now)
        return { status: 'refused' as const, code: decision.code, endedSessionId: ending }
      }
      const account = token && (await findById(client, token.userId))
      if (!account) throw new Error('A session without an account')
      const issued = await rotateToken(client, {
        refreshToken,
        sessionId: token.sessionId,
        expiresAt: decision.expiresAt,
        now
      })
      return { status: 'refreshed' as const, pair: tokenPair(account, await signFor(account, token.sessionId), issued) }
    })
    if (outcome.status === 'refused') {
      metrics.refreshes.inc({ outcome: outcome.code === 'REFRESH_TOKEN_REUSED' ? 'reused' : 'invalid' })
      if (outcome.endedSessionId !== undefined) {
        log.warn({ sessionId: outcome.endedSessionId }, 'A refresh token came twice: its session is ended')
      }
      throw new Refusal(outcome.code)
    }
    metrics.refreshes.inc({ outcome: 'ok' })
    return reply(200, outcome.pair)
  }
