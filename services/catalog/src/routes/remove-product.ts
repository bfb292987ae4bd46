import type * as api from '@gavel/contracts/api/catalog.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'
import { byHand } from './by-hand.ts'

export const removeProduct =
  (dependencies: Dependencies): Handler<typeof api.removeProduct> =>
  async ({ params: { productId }, user, now }) => {
    await byHand(dependencies, { kind: 'remove', productId, actor: user.userId }, now)
    return reply(204)
  }
