import { acceptOffer, closeAuction, listMyOffers } from '@gavel/contracts/api/bidding.ts'
import { readPayment } from '@gavel/contracts/api/payment.ts'
import { expectThat, money } from './narrator.ts'
import { emptyCard, goodCard, welcome } from './people.ts'
import { bid, openLot, waitForSale, waitForStock, type Stage } from './stage.ts'
import { waitFor } from './wait.ts'

/** The winner's card is declined: everything goes back, and the next-best bidder is asked. */
export async function tellDeclined(stage: Stage): Promise<void> {
  const { gateway, narrator, adminToken } = stage
  narrator.chapter('A card that is declined')
  const { auctionId, productId, title } = await openLot(stage, {
    title: 'Ship’s bell',
    lengthMs: 600_000,
    antiSnipingWindowMs: 0,
    secondChance: true
  })
  const cleo = await welcome(gateway, 'Cleo', emptyCard)
  const dan = await welcome(gateway, 'Dan', goodCard)
  await bid(stage, dan, auctionId, 150_00)
  const best = await bid(stage, cleo, auctionId, 400_00)
  expectThat('Cleo leads', best.leading && best.priceMinor === 160_00, best)
  await gateway.call(closeAuction, { params: { auctionId } }, { token: adminToken, repeatable: true })
  narrator.saw(
    `Cleo outbids Dan on “${title}” and wins it at ${money(best.priceMinor)}; the admin closes it early. Her card has no money on it.`
  )

  const failed = await waitForSale(stage, `${auctionId}.1`, 'failed')
  expectThat('The reason is the card', failed.reason === 'PAYMENT_DECLINED', failed)
  narrator.saw(`The sale ended in BidFailed, ${failed.reason}: no order.`)
  const payment = await gateway.call(readPayment, { params: { orderNumber: `${auctionId}.1` } }, { token: cleo.token })
  expectThat('Nothing was taken', payment.status === 'declined' || payment.status === 'cancelled', payment)
  await waitForStock(stage, productId, { available: 1, reserved: 0, sold: 0 })
  narrator.saw(`Nothing was charged (payment ${payment.status}), and the piece is back in stock.`)

  const offer = await waitFor('Dan is offered the bell', async () => {
    const { items } = await gateway.call(listMyOffers, {}, { token: dan.token })
    return items.find((candidate) => candidate.auctionId === auctionId)
  })
  narrator.saw(`Dan, the next-best bidder, is offered it for ${money(offer.priceMinor)}, his own best bid.`)
  const taken = await gateway.call(
    acceptOffer,
    { params: { offerId: offer.offerId } },
    { token: dan.token, repeatable: true }
  )
  expectThat(
    'The offer is accepted and has its order number',
    taken.status === 'accepted' && taken.orderNumber !== undefined,
    taken
  )
  await waitForSale(stage, taken.orderNumber, 'ordered')
  await waitForStock(stage, productId, { available: 0, reserved: 0, sold: 1 })
  narrator.saw(`He takes it: order ${taken.orderNumber}, one piece sold.`)
}
