import { randomBytes } from 'node:crypto'
import { openAuction, placeBid, type Auction, type BidReceipt } from '@gavel/contracts/api/bidding.ts'
import { addProduct } from '@gavel/contracts/api/catalog.ts'
import { readStock, setStock, type ProductStock } from '@gavel/contracts/api/inventory.ts'
import { readSale, type SaleProgress } from '@gavel/contracts/api/order.ts'
import { Refused, type Gateway } from '../client/gateway.ts'
import { expectThat, type Narrator } from './narrator.ts'
import type { Person } from './people.ts'
import { waitFor } from './wait.ts'

export type Stage = {
  gateway: Gateway
  narrator: Narrator
  adminToken: string
  /** Where standalone shows the mails it took. */
  inboxUrl: string
}

export type Lot = { title: string; lengthMs: number; antiSnipingWindowMs: number; secondChance: boolean }

/** One piece of something in stock, and an auction of it from 100.00 USD. */
export async function openLot({ gateway, adminToken: token }: Stage, lot: Lot): Promise<Auction> {
  const id = `demo-${randomBytes(6).toString('hex')}`
  const { title, lengthMs, antiSnipingWindowMs, secondChance } = lot
  await gateway.call(addProduct, { body: { productId: id, title, category: 'Demo' } }, { token })
  await gateway.call(setStock, { params: { productId: id }, body: { available: 1 } }, { token })
  const body = {
    auctionId: id,
    productId: id,
    title,
    mode: 'english' as const,
    currency: 'USD',
    openingPriceMinor: 100_00,
    increments: [{ fromMinor: 0, incrementMinor: 10_00 }],
    endsAt: Date.now() + lengthMs,
    antiSnipingWindowMs,
    secondChance
  }
  return gateway.call(openAuction, { body }, { token })
}

export function bid({ gateway }: Stage, person: Person, auctionId: string, amountMinor: number): Promise<BidReceipt> {
  const body = { bidId: randomBytes(8).toString('hex'), amountMinor, currency: 'USD' }
  return gateway.call(placeBid, { params: { auctionId }, body }, { token: person.token, repeatable: true })
}

/** The problem document that a bid is refused with. */
export async function refusedBid(
  stage: Stage,
  person: Person,
  auctionId: string,
  amountMinor: number
): Promise<Refused> {
  const answer = await bid(stage, person, auctionId, amountMinor).catch((error: unknown) => error)
  if (answer instanceof Error && !(answer instanceof Refused)) throw answer
  expectThat(`The bid of ${amountMinor} is refused`, answer instanceof Refused, answer)
  return answer
}

export async function waitForSale(
  { gateway, adminToken: token }: Stage,
  orderNumber: string,
  status: SaleProgress['status']
): Promise<SaleProgress> {
  return waitFor(`The sale ${orderNumber} ends ${status}`, async () => {
    try {
      const sale = await gateway.call(readSale, { params: { orderNumber } }, { token })
      expectThat(
        `The sale ${orderNumber} is not otherwise than ${status}`,
        sale.status === 'open' || sale.status === status,
        sale
      )
      return sale.status === status ? sale : undefined
    } catch (error) {
      if (error instanceof Refused && error.code === 'SALE_NOT_FOUND') return undefined
      throw error
    }
  })
}

/** Inventory hears of a sale's end by an event, so its figures follow a moment later. */
export async function waitForStock(
  { gateway }: Stage,
  productId: string,
  expected: Partial<ProductStock>
): Promise<ProductStock> {
  return waitFor(`The stock of ${productId} becomes ${JSON.stringify(expected)}`, async () => {
    const stock = await gateway.call(readStock, { params: { productId } })
    const matches = (Object.keys(expected) as (keyof ProductStock)[]).every((name) => stock[name] === expected[name])
    return matches ? stock : undefined
  })
}
