import type * as api from '@gavel/contracts/api/identity.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'

export const rotateKey =
  ({ keys }: Dependencies): Handler<typeof api.rotateKey> =>
  async ({ user, now }) => {
    const { kid, signsFrom } = await keys.rotate(now, { by: user.userId })
    return reply(202, { kid, signsFrom })
  }
