import type { readPlatformReadiness as operation } from '@gavel/contracts/api/health.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Watch } from '../watch.ts'

export const readPlatformReadiness =
  (watch: Watch): Handler<typeof operation> =>
  async () => {
    const body = await watch.read()
    return body.status === 'ready' ? { status: 200, body } : { status: 503, body }
  }
