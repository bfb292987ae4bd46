import type { transferStock } from '@gavel/contracts/api/inventory.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { ByHand } from '../by-hand.ts'

export const createTransferStock =
  (byHand: ByHand): Handler<typeof transferStock> =>
  async ({ params, body, user }) => {
    const { transferId: commandId, ...transfer } = body
    return {
      status: 200,
      body: await byHand({ kind: 'transfer', commandId, ...params, ...transfer, actor: user.userId })
    }
  }
