import { openAuction, listAuctions } from '@gavel/contracts/api/bidding.ts'
import { addProduct } from '@gavel/contracts/api/catalog.ts'
import { logIn, register, type TokenPair } from '@gavel/contracts/api/identity.ts'
import { adjustStock, setStock } from '@gavel/contracts/api/inventory.ts'
import { storePaymentMethod } from '@gavel/contracts/api/payment.ts'
import { openAdmin, type AdminCredentials } from '../client/admin.ts'
import { createGateway, Refused, type Gateway } from '../client/gateway.ts'
import { items, type Item } from './items.ts'

export interface Bidder {
  email: string
  password: string
}

const hourMs = 3_600_000

/**
 * Puts a few items up for sale and makes a bidder's account with a card, unless they are there. An item whose auction has ended is put up
 * again under a new auction id, so that a later start finds something open too.
 */
export async function seed(url: string, admin: AdminCredentials, bidder: Bidder, now: number): Promise<void> {
  const gateway = createGateway(url, 8)
  try {
    const token = await (await openAdmin(gateway, admin)).token()
    const open = await openProducts(gateway)
    for (const item of items) if (!open.has(item.productId)) await putUp(gateway, token, item, now)
    await welcome(gateway, bidder)
  } finally {
    await gateway.close()
  }
}

async function openProducts(gateway: Gateway): Promise<Set<string>> {
  const { items: auctions } = await gateway.call(listAuctions, { query: { status: 'open', limit: 200 } })
  return new Set(auctions.map(({ productId }) => productId))
}

/** Repeats are harmless: the ids are chosen here, and an id that is taken was taken by an earlier start. */
async function putUp(gateway: Gateway, token: string, item: Item, now: number): Promise<void> {
  const { productId, title, description, brand, category, stock, auction } = item
  const { hours, ...terms } = auction
  const auctionId = `${productId}-${Math.floor(now / hourMs).toString(36)}`
  await unlessTaken(gateway.call(addProduct, { body: { productId, title, description, brand, category } }, { token }))
  await deliver(gateway, token, productId, auctionId, stock)
  const body = { auctionId, productId, title, currency: 'USD', endsAt: now + hours * hourMs, ...terms }
  await unlessTaken(gateway.call(openAuction, { body }, { token, repeatable: true }))
}

/** Adds to the stock there is; the first delivery of all sets it, because there is nothing yet to add to. */
async function deliver(
  gateway: Gateway,
  token: string,
  productId: string,
  adjustmentId: string,
  delta: number
): Promise<void> {
  const params = { productId }
  try {
    const body = { adjustmentId, delta, reason: 'Delivered' }
    await gateway.call(adjustStock, { params, body }, { token, repeatable: true })
  } catch (thrown) {
    if (!(thrown instanceof Refused) || thrown.code !== 'STOCK_NOT_FOUND') throw thrown
    await gateway.call(setStock, { params, body: { available: delta } }, { token, repeatable: true })
  }
}

async function welcome(gateway: Gateway, { email, password }: Bidder): Promise<void> {
  const account: TokenPair | undefined = await unlessTaken(
    gateway.call(register, { body: { email, password, displayName: 'Demo bidder' } })
  )
  const { accessToken } = account ?? (await gateway.call(logIn, { body: { email, password } }))
  const card = { cardNumber: '4242424242424242', expiryMonth: 12, expiryYear: 2099, code: '123' }
  await gateway.call(storePaymentMethod, { body: card }, { token: accessToken, repeatable: true })
}

async function unlessTaken<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (thrown) {
    if (thrown instanceof Refused && ['PRODUCT_EXISTS', 'AUCTION_EXISTS', 'EMAIL_TAKEN'].includes(thrown.code))
      return undefined
    throw thrown
  }
}
