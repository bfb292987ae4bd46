import type { setStock } from '@gavel/contracts/api/inventory.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { ByHand } from '../by-hand.ts'

export const createSetStock =
  (byHand: ByHand): Handler<typeof setStock> =>
  async ({ params, body, user }) => {
    const { commandId, available, reason } = body
    const location = body.location ?? 'main'
    const { productId } = params
    return {
      status: 200,
      body: await byHand({ kind: 'set', commandId, productId, location, available, reason, actor: user.userId })
    }
  }
