import type * as api from '@gavel/contracts/api/identity.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { services } from '@gavel/contracts/services.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'
import { asUser, findById } from '../store/accounts.ts'
import { listSessions } from '../store/sessions.ts'

/** From the contracts, so that a new listing of a person's things is named here by being there. */
const elsewhere = services
  .filter(({ name }) => name !== 'identity')
  .flatMap(({ operations }) => operations)
  .filter(
    ({ method, role, params, stream }) =>
      method === 'GET' && (role === 'user' || role === 'bidder') && !params && !stream
  )
  .map(({ path }) => path)

export const exportMyData =
  ({ pool }: Dependencies): Handler<typeof api.exportMyData> =>
  async ({ user, now }) => {
    const account = await findById(pool, user.userId)
    if (!account || account.erasedAt !== undefined)
      throw new Refusal('UNAUTHENTICATED', { detail: 'The account of this access token does not exist' })
    const sessions = await listSessions(pool, user.userId, { now, current: user.sessionId })
    return reply(200, { account: asUser(account), sessions, elsewhere, exportedAt: now })
  }
