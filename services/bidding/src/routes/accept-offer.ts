import type { acceptOffer } from '@gavel/contracts/api/bidding.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { SecondChance } from '../second-chance.ts'

export const acceptOfferHandler =
  (secondChance: SecondChance): Handler<typeof acceptOffer> =>
  async ({ params, user }) => ({ status: 200, body: await secondChance.accept(params.offerId, user.userId) })
