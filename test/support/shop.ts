import { randomBytes } from 'node:crypto'
import {
  closeAuction,
  openAuction,
  placeBid,
  readLedger,
  type BidReceipt,
  type BidRequest
} from '@gavel/contracts/api/bidding.ts'
import { addProduct } from '@gavel/contracts/api/catalog.ts'
import { register } from '@gavel/contracts/api/identity.ts'
import { readStock, setStock, type ProductStock } from '@gavel/contracts/api/inventory.ts'
import { countSales, listSales, type SaleProgress } from '@gavel/contracts/api/order.ts'
import { storePaymentMethod } from '@gavel/contracts/api/payment.ts'
import { Refused, type Gateway, type InputOf } from '@gavel/standalone/client/gateway.ts'
import { findLedgerFault, readWholeLedger, type ToldBid } from '@gavel/standalone/client/ledger.ts'
import { expect } from 'vitest'
import { eventually } from './eventually.ts'

export interface Bidder {
  userId: string
  token: string
}

/** A bid as its bidder was told it was decided. */
export interface Told extends ToldBid {
  receipt: BidReceipt | undefined
}

export interface Charge {
  key: string
  status: 'captured' | 'declined' | 'refunded' | 'cancelled'
  amountMinor: number
}

/** The platform as its admin and its bidders use it, wherever it runs, and what must hold of it. */
export abstract class Shop {
  readonly gateway: Gateway
  readonly #admin: { token(): Promise<string> }

  constructor(gateway: Gateway, admin: { token(): Promise<string> }) {
    this.gateway = gateway
    this.#admin = admin
  }

  /** Every charge the payment provider knows, by order number. */
  abstract charges(): Promise<Map<string, Charge>>

  /** An access token of the admin. */
  adminToken(): Promise<string> {
    return this.#admin.token()
  }

  async bidders(count: number, cardNumber = '4242424242424242'): Promise<Bidder[]> {
    const made: Bidder[] = []
    const one = async (): Promise<void> => {
      while (made.length < count) {
        const bidder: Bidder = { userId: '', token: '' }
        made.push(bidder)
        const email = `bidder.${randomBytes(8).toString('hex')}@house.example`
        const body = { email, password: randomBytes(18).toString('base64url'), displayName: 'Bidder' }
        const { accessToken, account } = await this.gateway.call(register, { body })
        const card = { cardNumber, expiryMonth: 12, expiryYear: 2099, code: '123' }
        await this.gateway.call(storePaymentMethod, { body: card }, { token: accessToken, repeatable: true })
        Object.assign(bidder, { userId: account.userId, token: accessToken })
      }
    }
    await Promise.all(Array.from({ length: 8 }, one))
    return made
  }

  async product(available: number): Promise<string> {
    const token = await this.#admin.token()
    const productId = `product-${randomBytes(6).toString('hex')}`
    await this.gateway.call(addProduct, { body: { productId, title: 'A watch' } }, { token })
    await this.gateway.call(setStock, { params: { productId }, body: { available } }, { token, repeatable: true })
    return productId
  }

  async auction(productId: string, terms: Partial<InputOf<typeof openAuction>['body']> = {}): Promise<string> {
    const auctionId = `auction-${randomBytes(6).toString('hex')}`
    const body = {
      auctionId,
      productId,
      title: 'A watch',
      mode: 'fixed-price' as const,
      currency: 'USD',
      openingPriceMinor: 1000,
      quantity: 1_000_000,
      endsAt: Date.now() + 3_600_000,
      ...terms
    }
    await this.gateway.call(openAuction, { body }, { token: await this.#admin.token(), repeatable: true })
    return auctionId
  }

  async closeAuction(auctionId: string): Promise<void> {
    await this.gateway.call(
      closeAuction,
      { params: { auctionId } },
      { token: await this.#admin.token(), repeatable: true }
    )
  }

  /** Places a bid and goes on asking with the same bid id until it is answered. */
  async bid(auctionId: string, bidder: Bidder, request: Partial<BidRequest> = {}): Promise<Told> {
    const body = { bidId: randomBytes(12).toString('hex'), amountMinor: 1000, ...request }
    try {
      const receipt = await this.gateway.call(
        placeBid,
        { params: { auctionId }, body },
        { token: bidder.token, boundMs: 90_000 }
      )
      return { bidId: body.bidId, code: undefined, receipt }
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown
      const receipt = thrown.problem['receipt'] as BidReceipt | undefined
      // What is sold out stays so: that alone is answered without an entry in the ledger, and so without a receipt.
      if (receipt === undefined && thrown.code !== 'SOLD_OUT') throw thrown
      return { bidId: body.bidId, code: thrown.code, receipt }
    }
  }

  async stock(productId: string): Promise<ProductStock> {
    return this.gateway.call(readStock, { params: { productId } })
  }

  async salesOf(productId: string): Promise<SaleProgress[]> {
    const token = await this.#admin.token()
    const all: SaleProgress[] = []
    let cursor: string | undefined
    do {
      const page: { items: SaleProgress[]; nextCursor?: string } = await this.gateway.call(
        listSales,
        { query: { productId, limit: 200, ...(cursor === undefined ? {} : { cursor }) } },
        { token }
      )
      all.push(...page.items)
      cursor = page.nextCursor
    } while (cursor !== undefined)
    return all
  }

  /** Waits until so many sales of a product are known and all have ended. */
  async settled(
    productId: string,
    sales: number
  ): Promise<{ ordered: number; failed: number; reasons: Record<string, number> }> {
    const token = await this.#admin.token()
    return eventually(
      async () => {
        const { open, ordered, failed, reasons } = await this.gateway.call(
          countSales,
          { query: { productId } },
          { token }
        )
        if (open > 0 || ordered + failed < sales)
          throw new Error(`${open} open, ${ordered} ordered, ${failed} failed of ${sales}`)
        return { ordered, failed, reasons }
      },
      { withinMs: 180_000, everyMs: 250, what: `${sales} sales to end` }
    )
  }

  /** Every bid that was answered is in the ledger exactly once, as it was told, and the chain verifies. Closes the auction. */
  async expectLedgerWhole(auctionId: string, told: readonly Told[]): Promise<void> {
    await this.closeAuction(auctionId)
    const decided = told.filter(({ receipt }) => receipt !== undefined)
    expect(await findLedgerFault(auctionId, readWholeLedger(this.gateway, auctionId), decided)).toBeUndefined()
    const entries = (await this.gateway.call(readLedger, { params: { auctionId }, query: { from: 0, limit: 1000 } }))
      .entries
    expect(entries.length).toBeGreaterThan(1)
  }

  /** Each sale ended once; stock, orders and money tell the same story; nothing is held any more. */
  async expectBooksBalanced(productId: string, stockSet: number, orderNumbers: readonly string[]): Promise<void> {
    const sales = await this.salesOf(productId)
    expect(new Set(sales.map(({ sale }) => sale.orderNumber))).toEqual(new Set(orderNumbers))
    expect(sales).toHaveLength(orderNumbers.length)
    const ordered = sales.filter(({ status }) => status === 'ordered')
    const sold = ordered.reduce((sum, { sale }) => sum + sale.quantity, 0)
    await eventually(
      async () => {
        const { available, reserved, sold: counted } = await this.stock(productId)
        expect({ available, reserved, sold: counted }).toEqual({ available: stockSet - sold, reserved: 0, sold })
        return true
      },
      { what: 'stock to say what the orders say' }
    )
    const orderedNumbers = new Set(ordered.map(({ sale }) => sale.orderNumber))
    await eventually(
      async () => {
        const charges = await this.charges()
        for (const { sale } of sales) {
          const charge = charges.get(sale.orderNumber)
          if (orderedNumbers.has(sale.orderNumber))
            expect(charge).toMatchObject({ status: 'captured', amountMinor: sale.totalMinor })
          else expect(charge?.status ?? 'never').not.toBe('captured')
        }
        return true
      },
      { what: 'money to be where the orders say' }
    )
  }
}
