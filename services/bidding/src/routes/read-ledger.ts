import type { readLedger } from '@gavel/contracts/api/bidding.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { House } from '../house.ts'

export const readLedgerHandler =
  (house: House): Handler<typeof readLedger> =>
  async ({ params, query }) => ({
    status: 200,
    body: await house.ledgerPage(params.auctionId, query.from ?? 0, query.limit ?? 200)
  })
