import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { watchAuction } from '@gavel/contracts/api/bidder.ts'
import { closeAuction, openAuction, placeBid } from '@gavel/contracts/api/bidding.ts'
import { addProduct } from '@gavel/contracts/api/catalog.ts'
import { logIn, register, type TokenPair } from '@gavel/contracts/api/identity.ts'
import { setStock } from '@gavel/contracts/api/inventory.ts'
import { readSale } from '@gavel/contracts/api/order.ts'
import { storePaymentMethod } from '@gavel/contracts/api/payment.ts'
import type { Gateway, InputOf } from '@gavel/standalone/client/gateway.ts'
import type { AdminCredentials } from '@gavel/standalone/client/admin.ts'
import { eventually } from './eventually.ts'

/** A house on a busy evening: what the pages look like when there is something in them. */
export type BusyHouse = {
  admin: TokenPair
  /** She leads on the hot auction, has orders, a declined card’s story beside her, and things on her watch list. */
  bidder: TokenPair
  rivals: TokenPair[]
  hotAuction: string
  saleAuction: string
  sealedAuction: string
  productId: string
  orderNumber: string
  failedOrderNumber: string
  importId: string
}

type Terms = Omit<InputOf<typeof openAuction>['body'], 'productId' | 'title' | 'currency' | 'endsAt'>
type Lot = readonly [
  id: string,
  title: string,
  brand: string,
  category: string,
  stock: number,
  hours: number,
  terms: Terms
]

const english = (openingPriceMinor: number, more: Partial<Terms> = {}): Terms => ({
  mode: 'english',
  openingPriceMinor,
  antiSnipingWindowMs: 60_000,
  ...more
})

const lots: readonly Lot[] = [
  [
    'chronograph',
    'Chronograph, steel, 1963',
    'Meridian',
    'watches',
    1,
    0.6,
    english(40_000, { reservePriceMinor: 60_000 })
  ],
  ['rangefinder', 'Rangefinder camera with 50 mm lens', 'Optikon', 'cameras', 1, 3, english(24_900)],
  [
    'desk-lamp',
    'Desk lamp with counterweight, brass',
    'Halle',
    'lamps',
    2,
    5,
    english(9_000, { buyNowPriceMinor: 32_000 })
  ],
  ['turntable', 'Belt-driven turntable, walnut plinth', 'Larsen', 'audio', 1, 7, english(18_000)],
  [
    'atlas',
    'Hand-coloured atlas, 1841',
    'Perthes',
    'books',
    1,
    9,
    { mode: 'sealed-second-price', openingPriceMinor: 25_000 }
  ],
  [
    'concert-ticket',
    'Concert ticket, standing',
    'Hall 7',
    'tickets',
    40,
    2,
    { mode: 'fixed-price', openingPriceMinor: 4_500, quantity: 40, quantityPerBuyer: 4 }
  ],
  ['espresso', 'Lever espresso machine, rebuilt', 'Faema', 'kitchen', 1, 11, english(32_000)],
  ['lounge-chair', 'Lounge chair in oak and cane', 'Bernt', 'furniture', 1, 26, english(45_000)],
  ['fountain-pen', 'Fountain pen, flexible nib', 'Merle', 'writing', 3, 30, english(6_500)],
  ['barometer', 'Barometer in a mahogany case', 'Negretti', 'instruments', 1, 50, english(12_000)],
  [
    'print',
    'Woodcut, second state, signed',
    'Atelier Nord',
    'prints',
    1,
    52,
    { mode: 'sealed-first-price', openingPriceMinor: 15_000 }
  ]
]

const descriptions: Readonly<Record<string, string>> = {
  chronograph:
    'Hand-wound column-wheel movement, serviced in spring. Original hands and dial, on a new strap. Runs within four seconds a day.'
}
const names = ['Ada', 'Bela', 'Cleo', 'Dov', 'Edda'] as const
const id = (name: string): string => `${name}-${randomBytes(3).toString('hex')}`
const goodCard = '4242424242424242'
const emptyCard = '4000000000009995'

export async function fillHouse(
  gateway: Gateway,
  credentials: AdminCredentials,
  /** Between the bids of the hot auction: its chart is drawn over time. */
  { pauseMs = 0 }: { pauseMs?: number } = {}
): Promise<BusyHouse> {
  const admin = await gateway.call(logIn, { body: credentials })
  const token = admin.accessToken

  const person = async (displayName: string, cardNumber = goodCard): Promise<TokenPair> => {
    const email = `${displayName.toLowerCase()}.${randomBytes(3).toString('hex')}@gavel.example`
    const pair = await gateway.call(register, {
      body: { email, password: randomBytes(18).toString('base64url'), displayName }
    })
    const card = { cardNumber, expiryMonth: 12, expiryYear: 2099, code: '123' }
    await gateway.call(storePaymentMethod, { body: card }, { token: pair.accessToken })
    return pair
  }
  const putUp = async ([productId, title, brand, category, stock, hours, terms]: Lot): Promise<string> => {
    const description = descriptions[productId] ?? 'From an estate; looked over by the house, and described as it is.'
    await gateway.call(addProduct, { body: { productId, title, description, brand, category } }, { token })
    await gateway.call(setStock, { params: { productId }, body: { available: stock, reason: 'Delivered' } }, { token })
    const endsAt = Date.now() + Math.round(hours * 3_600_000)
    const body = { auctionId: id(productId), productId, title, currency: 'USD', endsAt, secondChance: true, ...terms }
    return (await gateway.call(openAuction, { body }, { token })).auctionId
  }
  const bid = async (by: TokenPair, auctionId: string, amountMinor: number, quantity?: number) =>
    await gateway.call(
      placeBid,
      { params: { auctionId }, body: { bidId: id('bid'), amountMinor, ...(quantity && { quantity }) } },
      { token: by.accessToken }
    )

  const people: TokenPair[] = []
  for (const name of names) people.push(await person(name))
  const [bidder, ...rivals] = people as [TokenPair, ...TokenPair[]]
  const auctions: Record<string, string> = {}
  for (const lot of lots) auctions[lot[0]] = await putUp(lot)
  const hotAuction = auctions['chronograph']!

  // Prices that rose in steps, a little apart, so that the chart has something to draw.
  const rises = [41_000, 45_500, 52_000, 58_000, 63_000, 68_500, 77_000, 84_000, 91_000, 104_000]
  for (const [index, amountMinor] of rises.entries()) {
    await bid(rivals[index % rivals.length]!, hotAuction, amountMinor)
    if (pauseMs > 0) await delay(pauseMs * (0.4 + ((index * 7) % 5) / 4))
  }
  await bid(bidder, hotAuction, 125_000)
  await bid(rivals[0]!, hotAuction, 119_000)
  await bid(bidder, auctions['rangefinder']!, 27_500)
  await bid(rivals[1]!, auctions['rangefinder']!, 30_000)
  for (const [index, productId] of ['turntable', 'espresso', 'lounge-chair', 'fountain-pen'].entries())
    await bid(
      rivals[index % rivals.length]!,
      auctions[productId]!,
      lots.find(([each]) => each === productId)![6].openingPriceMinor + 2_500
    )
  for (const rival of rivals) await bid(rival, auctions['atlas']!, 30_000)
  await bid(bidder, auctions['atlas']!, 41_000)

  // Sales that became orders, and one that a card refused.
  for (const [index, buyer] of people.entries()) await bid(buyer, auctions['concert-ticket']!, 4_500, 1 + (index % 4))
  const sold = await putUp([
    'sextant',
    'Sextant, cased, with certificate',
    'Hughes',
    'instruments',
    1,
    4,
    english(20_000)
  ])
  await bid(rivals[0]!, sold, 24_000)
  await bid(bidder, sold, 31_000)
  const broke = await person('Finn', emptyCard)
  const unpaid = await putUp(['ships-bell', 'Ship’s bell, bronze', 'Lund', 'instruments', 1, 4, english(15_000)])
  await bid(bidder, unpaid, 15_500)
  await bid(broke, unpaid, 40_000)
  for (const auctionId of [sold, unpaid]) await gateway.call(closeAuction, { params: { auctionId } }, { token })
  const ended = async (orderNumber: string, status: string): Promise<string> => {
    await eventually(
      async () => (await gateway.call(readSale, { params: { orderNumber } }, { token })).status === status,
      { what: `${orderNumber} to be ${status}` }
    )
    return orderNumber
  }
  const orderNumber = await ended(`${sold}.1`, 'ordered')
  const failedOrderNumber = await ended(`${unpaid}.1`, 'failed')
  for (const productId of ['desk-lamp', 'barometer', 'chronograph'])
    await gateway.call(watchAuction, { params: { auctionId: auctions[productId]! } }, { token: bidder.accessToken })
  return {
    admin,
    bidder,
    rivals,
    hotAuction,
    saleAuction: auctions['concert-ticket']!,
    sealedAuction: auctions['atlas']!,
    productId: 'chronograph',
    orderNumber,
    failedOrderNumber,
    importId: await importFile(gateway.url, token)
  }
}

/** A delivery, with a slip of the pen in it. */
async function importFile(url: string, token: string): Promise<string> {
  const importId = `delivery-${randomBytes(4).toString('hex')}`
  const response = await fetch(`${url}/api/imports/${importId}?fileName=delivery.csv`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'text/csv' },
    body: `id,title,pieces\n${importId}-1,Inkwell,3\n${importId}-2,Blotter,many\n`
  })
  if (response.status !== 202) throw new Error(`The delivery was not imported: ${await response.text()}`)
  return importId
}
