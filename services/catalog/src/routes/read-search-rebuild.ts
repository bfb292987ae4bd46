import type * as api from '@gavel/contracts/api/catalog.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'
import { readReadSide } from '../store/read-side/rebuilds.ts'
import { readSideView } from './read-side-view.ts'

export const readSearchRebuild =
  ({ pool }: Dependencies): Handler<typeof api.readSearchRebuild> =>
  async () =>
    reply(200, readSideView(await readReadSide(pool)))
