import type { BidReceipt, placeBid } from '@gavel/contracts/api/bidding.ts'
import type { ErrorCode } from '@gavel/contracts/errors.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { House } from '../house.ts'

export const placeBidHandler =
  (house: House): Handler<typeof placeBid> =>
  async ({ params, body, user }) => ({
    status: 201,
    body: acceptedOnly(await house.place(params.auctionId, user.userId, body))
  })

/** A refused bid has a receipt too: it travels in the problem document. */
export function acceptedOnly(receipt: BidReceipt): BidReceipt {
  if (receipt.outcome === 'accepted') return receipt
  throw new Refusal(receipt.code as ErrorCode, { receipt, priceToBeatMinor: receipt.priceToBeatMinor })
}
