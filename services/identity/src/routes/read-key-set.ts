import type * as api from '@gavel/contracts/api/identity.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'

export const readKeySet =
  ({ keys }: Dependencies): Handler<typeof api.readKeySet> =>
  async ({ now }) =>
    reply(200, { keys: (await keys.publicKeys(now)).map((key) => ({ ...key })) })
