import { importUpload, type importItems as operation } from '@gavel/contracts/api/catalog.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import { uploadedBody } from '@gavel/platform/http/upload.ts'
import type { Dependencies } from '../dependencies.ts'
import { receiveFile } from '../imports/receive-file.ts'

export const importItems =
  ({ context, pool }: Dependencies): Handler<typeof operation> =>
  async ({ params: { importId }, query: { fileName }, user, request }) => {
    const body = uploadedBody(request, importUpload)
    const wanted = { importId, type: body.type, fileName, startedBy: user.userId }
    try {
      return reply(202, await receiveFile({ pool, clock: context.clock }, wanted, body))
    } catch (error) {
      if (error instanceof Refusal) await body.drain().catch(() => undefined)
      throw error
    }
  }
