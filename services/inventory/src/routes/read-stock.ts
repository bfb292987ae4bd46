import type { readStock } from '@gavel/contracts/api/inventory.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { StockCache } from '../store/stock-cache.ts'

export const createReadStock =
  (cache: StockCache): Handler<typeof readStock> =>
  async ({ params }) => {
    const stock = await cache.read(params.productId)
    if (!stock) throw new Refusal('STOCK_NOT_FOUND')
    return { status: 200, body: stock }
  }
