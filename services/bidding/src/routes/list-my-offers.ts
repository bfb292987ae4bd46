import type { listMyOffers } from '@gavel/contracts/api/bidding.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { SecondChance } from '../second-chance.ts'

export const listMyOffersHandler =
  (secondChance: SecondChance): Handler<typeof listMyOffers> =>
  async ({ user }) => ({ status: 200, body: { items: await secondChance.mine(user.userId) } })
