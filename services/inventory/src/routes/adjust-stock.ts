import type { adjustStock } from '@gavel/contracts/api/inventory.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { ByHand } from '../by-hand.ts'

export const createAdjustStock =
  (byHand: ByHand): Handler<typeof adjustStock> =>
  async ({ params, body, user }) => {
    const { adjustmentId: commandId, delta, reason } = body
    const location = body.location ?? 'main'
    const { productId } = params
    return {
      status: 200,
      body: await byHand({ kind: 'adjust', commandId, productId, location, delta, reason, actor: user.userId })
    }
  }
