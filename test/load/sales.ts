import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { openAuction, placeBid } from '@gavel/contracts/api/bidding.ts'
import { addProduct } from '@gavel/contracts/api/catalog.ts'
import { setStock } from '@gavel/contracts/api/inventory.ts'
import type { LiveFrame } from '@gavel/contracts/api/web-socket.ts'
import type { Gateway } from '@gavel/standalone/client/gateway.ts'
import { watch, type Watch } from '@gavel/standalone/demo/live.ts'
import { goodCard, welcome, type Person } from '@gavel/standalone/demo/people.ts'

export type Buyer = Person & { live: Watch }

/** Buyers with an account and a card, each following his own stream. */
export async function openBuyers(gateway: Gateway, count: number): Promise<Buyer[]> {
  const buyers: Buyer[] = []
  for (let number = 0; number < count; number += 1) {
    const person = await welcome(gateway, `Buyer${number}`, goodCard)
    const live = await watch(gateway.url, person.token)
    await live.subscribe('me')
    buyers.push({ ...person, live })
  }
  return buyers
}

/** A fixed-price sale of more pieces than anybody buys here. */
export async function openSale(gateway: Gateway, token: string): Promise<string> {
  const id = `sale-${randomBytes(6).toString('hex')}`
  const many = 1_000_000
  await gateway.call(addProduct, { body: { productId: id, title: 'A watch' } }, { token })
  await gateway.call(setStock, { params: { productId: id }, body: { available: many } }, { token, repeatable: true })
  const body = {
    auctionId: id,
    productId: id,
    title: 'A watch',
    mode: 'fixed-price' as const,
    currency: 'USD',
    openingPriceMinor: 1000,
    quantity: many,
    endsAt: Date.now() + 3_600_000
  }
  await gateway.call(openAuction, { body }, { token, repeatable: true })
  return id
}

const isOrdered =
  (orderNumber: string) =>
  (frame: LiveFrame): true | undefined => {
    if (frame.type !== 'event' || frame.stream !== 'me') return undefined
    const data = frame.data as { kind?: string; orderNumber?: string }
    return data.kind === 'ordered' && data.orderNumber === orderNumber ? true : undefined
  }

/** Milliseconds from when a bid was due until its receipt, and until its buyer's stream said that it is an order. */
export type SaleTimes = { receiptMs: number; orderMs: number }

/** Bids that are each a sale, due at even distances whatever becomes of those before, by the buyers in turn. */
export async function sellAtRate(
  gateway: Gateway,
  buyers: readonly Buyer[],
  { auctionId, ratePerSecond, seconds }: { auctionId: string; ratePerSecond: number; seconds: number }
): Promise<SaleTimes[]> {
  const one = async (number: number, dueAt: number): Promise<SaleTimes> => {
    const buyer = buyers[number % buyers.length]!
    const body = { bidId: randomBytes(12).toString('hex'), amountMinor: 1000 }
    const { orderNumber } = await gateway.call(placeBid, { params: { auctionId }, body }, { token: buyer.token })
    const receiptMs = performance.now() - dueAt
    await buyer.live.frame(`The order ${orderNumber} is told`, isOrdered(orderNumber!), 60_000)
    return { receiptMs, orderMs: performance.now() - dueAt }
  }
  const startedAt = performance.now()
  const sales: Promise<SaleTimes>[] = []
  for (let number = 0; number < ratePerSecond * seconds; number += 1) {
    const dueAt = startedAt + (number * 1000) / ratePerSecond
    await delay(Math.max(0, dueAt - performance.now()))
    const sale = one(number, dueAt)
    // It is looked at when all are under way; that it failed before must not end the process.
    sale.catch(() => undefined)
    sales.push(sale)
  }
  return await Promise.all(sales)
}
