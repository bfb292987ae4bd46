import type { TokenPair } from '@gavel/contracts/api/identity.ts'
import { accountRoutes, adminRoutes, openRoutes, operationsRoutes } from '@gavel/web/page/routes.ts'
import type { BusyHouse } from './busy-house.ts'

type Visitor = { who: string; session?: TokenPair; paths: readonly string[] }

/** Every address of the pages with somebody who may see it: the list is the pages' own, so that none can be forgotten. */
export const visitors = ({ bidder, admin }: Pick<BusyHouse, 'bidder' | 'admin'>): Visitor[] => [
  { who: 'stranger', paths: openRoutes },
  { who: 'bidder', session: bidder, paths: ['/auctions/:auctionId', ...accountRoutes] },
  { who: 'admin', session: admin, paths: [...adminRoutes, ...operationsRoutes] }
]

/** With something that is there in place of each parameter. */
export function addressesOf(paths: readonly string[], house: BusyHouse): string[] {
  const named: Readonly<Record<string, readonly string[]>> = {
    auctionId: [house.hotAuction, house.saleAuction, house.sealedAuction],
    orderNumber: [house.orderNumber, house.failedOrderNumber],
    productId: [house.productId],
    userId: [house.bidder.account.userId],
    importId: [house.importId]
  }
  return paths.flatMap((path) => {
    const name = /:(\w+)/.exec(path)?.[1]
    if (name === undefined) return [path]
    const values = named[name]
    if (!values) throw new Error(`Nothing stands for ${name} of ${path}: add it to the busy house.`)
    return values.map((value) => path.replace(`:${name}`, value))
  })
}
