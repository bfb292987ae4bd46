import type * as api from '@gavel/contracts/api/catalog.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'
import { importNamed } from './import-named.ts'

export const readImport =
  ({ pool }: Dependencies): Handler<typeof api.readImport> =>
  async ({ params: { importId } }) =>
    reply(200, await importNamed(pool, importId))
