import type * as api from '@gavel/contracts/api/catalog.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'
import { byHand } from './by-hand.ts'
import { productView } from './product-view.ts'

export const changeProduct =
  (dependencies: Dependencies): Handler<typeof api.changeProduct> =>
  async ({ params: { productId }, body: fields, user, now }) =>
    reply(200, productView(await byHand(dependencies, { kind: 'change', productId, fields, actor: user.userId }, now)))
