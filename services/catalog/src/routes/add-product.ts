import { randomUUID } from 'node:crypto'
import type * as api from '@gavel/contracts/api/catalog.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'
import { byHand } from './by-hand.ts'
import { productView } from './product-view.ts'

export const addProduct =
  (dependencies: Dependencies): Handler<typeof api.addProduct> =>
  async ({ body: { productId = randomUUID(), ...fields }, user, now }) =>
    reply(201, productView(await byHand(dependencies, { kind: 'add', productId, fields, actor: user.userId }, now)))
