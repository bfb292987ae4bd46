import type { Client } from 'pg'
import type { Secret } from '@gavel/platform/config.ts'
import { loadPg } from '@gavel/platform/postgres/driver.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'

const reconnectAfterMs = 1_000

/**
 * Calls back whenever a channel is notified, over a connection of its own that is made again when it breaks. A notice may be
 * lost while it is away, so it only shortens the wait of somebody who also looks at intervals.
 */
export async function listen(
  { name, log }: ServiceContext,
  url: Secret,
  channel: string,
  notice: () => void
): Promise<{ stop(): Promise<void> }> {
  let stopped = false
  let client: Client | undefined
  let timer: NodeJS.Timeout | undefined

  const later = (error?: unknown): void => {
    if (stopped || timer) return
    if (error) log.warn({ error, channel }, 'Notices are interrupted')
    timer = setTimeout(() => {
      timer = undefined
      void connect()
    }, reconnectAfterMs)
  }

  async function connect(): Promise<void> {
    const next = new (loadPg().Client)({
      // Of now: it may have been rotated since the last connection.
      connectionString: url.reveal(),
      application_name: `${name} ${channel}`,
      keepAlive: true,
      connectionTimeoutMillis: 5_000
    })
    client = next
    next.on('error', later)
    next.on('end', () => later())
    next.on('notification', notice)
    try {
      await next.connect()
      await next.query(`listen ${channel}`)
      // Something may have been announced while nobody listened.
      notice()
    } catch (error) {
      await next.end().catch(() => undefined)
      later(error)
    }
  }
  await connect()
  return {
    async stop() {
      stopped = true
      clearTimeout(timer)
      await client?.end().catch(() => undefined)
    }
  }
}
