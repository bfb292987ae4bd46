import { readAuction, type Auction } from '@gavel/contracts/api/bidding.ts'
import type { LiveAuctionEvent, LiveFrame } from '@gavel/contracts/api/web-socket.ts'
import { watch } from './live.ts'
import { expectThat, money } from './narrator.ts'
import { goodCard, welcome, type Person } from './people.ts'
import { bid, openLot, refusedBid, type Stage } from './stage.ts'
import { waitFor } from './wait.ts'

/** Long enough for a busy machine to get the first bid in; that bid, inside the window, moves the end on. */
const lotLengthMs = 10_000
const windowMs = 15_000

/** A notification of this kind about this auction, on a person's own stream. */
const notified =
  (kind: string, auctionId: string) =>
  (frame: LiveFrame): { text: string } | undefined => {
    if (frame.type !== 'event' || frame.stream !== 'me') return undefined
    const data = frame.data as { kind?: string; auctionId?: string; text?: string }
    return data.kind === kind && data.auctionId === auctionId ? { text: data.text ?? '' } : undefined
  }

/** What everyone who watches the auction is shown. */
const shown =
  (auctionId: string, sequence: number) =>
  (frame: LiveFrame): LiveAuctionEvent | undefined =>
    frame.type === 'event' && frame.stream === `auction:${auctionId}` && frame.sequence >= sequence
      ? (frame.data as LiveAuctionEvent)
      : undefined

export type Sold = { auction: Auction; winner: Person; orderNumber: string }

/** Two bidders, their hidden maxima, a live outbid, a bid in the last seconds, and an end that comes by itself. */
export async function tellAuction(stage: Stage): Promise<Sold> {
  const { gateway, narrator } = stage
  narrator.chapter('An auction')
  const ada = await welcome(gateway, 'Ada', goodCard)
  const ben = await welcome(gateway, 'Ben', goodCard)
  narrator.saw('Ada and Ben registered as bidders, and each stored a card.')
  const adaWatches = await watch(gateway.url, ada.token)
  const benWatches = await watch(gateway.url, ben.token)
  try {
    await Promise.all([adaWatches.subscribe('me'), benWatches.subscribe('me')])
    const opened = await openLot(stage, {
      title: 'Brass telescope',
      lengthMs: lotLengthMs,
      antiSnipingWindowMs: windowMs,
      secondChance: false
    })
    const { auctionId } = opened
    narrator.saw(
      `The admin listed “${opened.title}”, put one piece in stock and opened auction ${auctionId} at ${money(opened.openingPriceMinor)}.`
    )

    const first = await bid(stage, ada, auctionId, 200_00)
    expectThat('Ada leads at the opening price', first.leading && first.priceMinor === 100_00, first)
    narrator.saw(
      `Ada bids up to ${money(200_00)}: she leads at ${money(first.priceMinor)}. Receipt: entry ${first.sequence}, hash ${first.hash.slice(0, 16)}…`
    )

    expectThat('The end moved', first.endsAt > opened.endsAt && first.endsAt === first.decidedAt + windowMs, {
      before: opened.endsAt,
      after: first.endsAt
    })
    narrator.saw(
      `It came in the last ${windowMs / 1000} s, so the end moved ${((first.endsAt - opened.endsAt) / 1000).toFixed(1)} s on: nobody wins by sniping.`
    )

    await adaWatches.subscribe(`auction:${auctionId}`)
    const second = await bid(stage, ben, auctionId, 150_00)
    expectThat('Ada still leads, one increment above Ben', !second.leading && second.priceMinor === 160_00, second)
    narrator.saw(`Ben bids ${money(150_00)}: Ada’s proxy answers for her, the price is ${money(second.priceMinor)}.`)

    const refusal = await refusedBid(stage, ben, auctionId, 165_00)
    expectThat(
      'The refusal has a code and a receipt',
      refusal.code === 'BID_TOO_LOW' && refusal.problem['receipt'] !== undefined,
      refusal.problem
    )
    narrator.saw(
      `Ben bids ${money(165_00)}: refused, ${refusal.code}. The refusal is in the ledger too, and has a receipt.`
    )

    const third = await bid(stage, ben, auctionId, 250_00)
    expectThat('Ben leads, one increment above Ada', third.leading && third.priceMinor === 210_00, third)
    narrator.saw(`Ben bids up to ${money(250_00)}: he leads at ${money(third.priceMinor)}.`)

    const outbid = await adaWatches.frame('Ada hears that she was outbid', notified('outbid', auctionId))
    narrator.saw(`Ada hears it at once over her WebSocket: “${outbid.text}”`)
    const event = await adaWatches.frame('The public stream shows the bid', shown(auctionId, third.sequence))
    expectThat(
      'It shows the price and no user',
      event.state.priceMinor === 210_00 && !JSON.stringify(event).includes(ben.userId),
      event
    )
    narrator.saw(
      `Everyone who watches sees ${money(event.state.priceMinor)}, led by ${event.state.leader}: a name for this auction alone.`
    )

    narrator.tell(`Waiting for the end, in ${((third.endsAt - Date.now()) / 1000).toFixed(0)} s …`)
    const auction = await waitFor('The auction closes by itself', async () => {
      const seen = await gateway.call(readAuction, { params: { auctionId } })
      return seen.status === 'closed' ? seen : undefined
    })
    expectThat('It closed at Ben’s price', auction.priceMinor === 210_00, auction)
    narrator.saw(`The auction closed by itself at ${money(auction.priceMinor)}, ${auction.bidCount} bids accepted.`)
    const won = await benWatches.frame('Ben hears that he won', notified('won', auctionId))
    narrator.saw(`Ben hears it live: “${won.text}”`)
    return { auction, winner: ben, orderNumber: `${auctionId}.1` }
  } finally {
    adaWatches.close()
    benWatches.close()
  }
}
