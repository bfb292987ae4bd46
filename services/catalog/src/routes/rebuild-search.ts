import type * as api from '@gavel/contracts/api/catalog.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import { readSideTopics } from '../consumers/read-side.ts'
import type { Dependencies } from '../dependencies.ts'
import { createEventLog } from '../read-side/event-log.ts'
import { readReadSide } from '../store/read-side/rebuilds.ts'
import { readSideView } from './read-side-view.ts'

export const rebuildSearch =
  ({ pool, rebuilding, eventlogUrl }: Dependencies): Handler<typeof api.rebuildSearch> =>
  async ({ user, request }) => {
    // Whoever came here has shown one.
    const log = createEventLog(eventlogUrl, request.headers.authorization ?? '')
    await rebuilding.start(
      user.userId,
      log,
      readSideTopics.map(({ name }) => name)
    )
    return reply(202, readSideView(await readReadSide(pool)))
  }
