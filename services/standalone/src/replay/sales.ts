import { setTimeout as delay } from 'node:timers/promises'
import { listOrders, listSales } from '@gavel/contracts/api/order.ts'
import type { Gateway } from '../client/gateway.ts'
import type { Admin, ReplayedAuction } from './place.ts'
import type { Step } from './progress.ts'
import type { SaleEnding } from './report.ts'
import { sideBySide } from './side-by-side.ts'

const pauseMs = 500
const width = 16

/** A close with a leader who met the reserve is a sale; of a close that was not answered nobody knows yet. */
const mayStillSell = ({ closed }: ReplayedAuction): boolean => !closed || (closed.leader !== null && closed.reserveMet)

/** A sale counts as ordered when its order can be read, and not by its progress alone. */
async function salesOf(gateway: Gateway, admin: Admin, auctionId: string): Promise<SaleEnding[]> {
  const options = { token: await admin.token() }
  const query = { auctionId, limit: 200 }
  const { items: sales } = await gateway.call(listSales, { query }, options)
  if (!sales.some(({ status }) => status === 'ordered')) return sales.map(({ status }) => status)
  const { items: orders } = await gateway.call(listOrders, { query }, options)
  const ordered = new Set(orders.map(({ orderNumber }) => orderNumber))
  return sales.map(({ sale, status }) => (status === 'ordered' && !ordered.has(sale.orderNumber) ? 'open' : status))
}

/**
 * Waits until every sale has ended, and gives up when none has for `boundMs`. An auction that should have sold and shows
 * no sale yet counts as one that is open.
 */
export async function waitForSales(
  gateway: Gateway,
  admin: Admin,
  auctions: readonly ReplayedAuction[],
  boundMs: number,
  step: Step
): Promise<Map<ReplayedAuction, SaleEnding[]>> {
  const endings = new Map<ReplayedAuction, SaleEnding[]>()
  let waiting = [...auctions]
  let lastEndedAt = Date.now()
  while (waiting.length > 0 && Date.now() - lastEndedAt < boundMs) {
    const still: ReplayedAuction[] = []
    await sideBySide(waiting, width, async (auction) => {
      const found = await salesOf(gateway, admin, auction.id)
      const sales: SaleEnding[] = found.length === 0 && mayStillSell(auction) ? ['open'] : found
      endings.set(auction, sales)
      if (sales.includes('open')) still.push(auction)
      else step.advance()
    })
    if (still.length < waiting.length) lastEndedAt = Date.now()
    waiting = still
    if (waiting.length > 0) await delay(pauseMs)
  }
  return endings
}
