import { randomUUID } from 'node:crypto'
import type { openAuction } from '@gavel/contracts/api/bidding.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { House } from '../house.ts'

export const openAuctionHandler =
  (house: House): Handler<typeof openAuction> =>
  async ({ body }) => ({ status: 201, body: await house.open({ ...body, auctionId: body.auctionId ?? randomUUID() }) })
