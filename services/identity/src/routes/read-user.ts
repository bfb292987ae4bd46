import type * as api from '@gavel/contracts/api/identity.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'
import { asUser } from '../store/accounts.ts'
import { knownUser } from '../store/users.ts'

export const readUser =
  ({ pool }: Dependencies): Handler<typeof api.readUser> =>
  async ({ params }) =>
    reply(200, asUser(await knownUser(pool, params.userId)))
