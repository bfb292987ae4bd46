import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { placeBid } from '@gavel/contracts/api/bidding.ts'
import { openAdmin } from '@gavel/standalone/client/admin.ts'
import { createGateway } from '@gavel/standalone/client/gateway.ts'
import { Agent, request } from 'undici'
import { Shop, type Bidder, type Charge } from '../support/shop.ts'
import type { Release } from './release.ts'

/** The platform in the cluster, used from outside through its gateway. */
export class ClusterShop extends Shop {
  #release!: Release

  static async open(release: Release): Promise<ClusterShop> {
    const gateway = createGateway(release.url, 64)
    const [email, password] = await Promise.all([
      release.secret('gavel-admin', 'email'),
      release.secret('gavel-admin', 'password')
    ])
    const shop = new ClusterShop(gateway, await openAdmin(gateway, { email, password }))
    shop.#release = release
    return shop
  }

  override async charges(): Promise<Map<string, Charge>> {
    const ask =
      "fetch('http://127.0.0.1:8090/v1/charges',{headers:{authorization:'Bearer '+process.env.API_KEY}}).then(r=>r.text()).then(t=>console.log(t))"
    const text = await this.#release.kubectl('exec', 'dev-payment-provider-0', '--', '/usr/bin/node', '-e', ask)
    const { charges } = JSON.parse(text) as { charges: Charge[] }
    return new Map(charges.map((charge) => [charge.key, charge]))
  }

  close(): Promise<void> {
    return this.gateway.close()
  }
}

export interface SteadyBids {
  /** Bids accepted so far. */
  accepted(): number
  /** What was not answered as it should be, in words. */
  failures: string[]
  stop(): Promise<void>
}

/** A token holds for ten minutes, and an upgrade on a busy machine may take longer. */
const tokensMs = 240_000
const overtaken = /"BID_(TOO_LOW|NOT_RAISED)"/

/**
 * Bids at a steady pace, each bid once: buys at a fixed price, or, with `rising`, outbids in an English auction, where one that was overtaken
 * is an answer too. Whatever else is not accepted counts as a failure.
 */
export async function bidSteadily(
  shop: Shop,
  auctionId: string,
  perSecond: number,
  { rising = false } = {}
): Promise<SteadyBids> {
  const { url } = shop.gateway
  let bidders = await shop.bidders(4)
  let since = performance.now()
  const agent = new Agent({ connections: 32, pipelining: 1, headersTimeout: 30_000, connectTimeout: 10_000 })
  const failures: string[] = []
  const open = new Set<Promise<void>>()
  const path = placeBid.path.replace(':auctionId', auctionId)
  let accepted = 0
  let going = true
  const one = async (bidder: Bidder, amountMinor: number): Promise<void> => {
    try {
      const { statusCode, body } = await request(`${url}${path}`, {
        dispatcher: agent,
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${bidder.token}` },
        body: JSON.stringify({ bidId: randomBytes(12).toString('hex'), amountMinor })
      })
      const text = await body.text()
      if (statusCode < 300) accepted += 1
      else if (!rising || !overtaken.test(text)) failures.push(`${statusCode} ${text.slice(0, 200)}`)
    } catch (error) {
      failures.push(String(error))
    }
  }
  const pace = (async () => {
    for (let at = 0; going; at += 1) {
      if (performance.now() - since > tokensMs) {
        bidders = await shop.bidders(4)
        since = performance.now()
      }
      const bid = one(bidders[at % bidders.length]!, rising ? 1_000 + 100 * at : 1_000)
      open.add(bid)
      void bid.finally(() => open.delete(bid))
      await delay(1000 / perSecond)
    }
  })()
  return {
    accepted: () => accepted,
    failures,
    stop: async () => {
      going = false
      await pace
      await Promise.all(open)
      await agent.close()
    }
  }
}
