import type { Db } from 'mongodb'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { NotificationMetrics } from '../metrics.ts'
import type { Collections, NotificationDocument } from '../store/documents.ts'
import { AuctionHub } from './auction-hub.ts'
import { Laggards, type LiveConnection, type SendLimits } from './connection.ts'
import { InboxHub } from './inbox-hub.ts'
import { timeFrame, type LiveParts } from './session.ts'

export interface LiveOptions extends SendLimits {
  timeEveryMs: number
  reconcileMs: number
}

export interface LiveStart {
  db: Db
  collections: Collections
  metrics: NotificationMetrics
  options: LiveOptions
  /** A notification was stored, by any process. */
  onStored: (document: NotificationDocument) => void
}

/** Everything that /ws/live needs in this process. */
export function startLive(
  context: ServiceContext,
  { db, collections, metrics, options, onStored }: LiveStart
): LiveParts {
  const { clock, closers } = context
  const laggards = new Laggards(options, metrics.slow)
  const auctions = new AuctionHub(context, collections, { laggards, clock, onFrames: metrics.frames }, options)
  const inboxes = new InboxHub(context, collections, { db, laggards, onStored })
  const connections = new Set<LiveConnection>()
  const ticking = setInterval(() => {
    const frame = timeFrame(clock())
    for (const connection of connections) if (!connection.isFull) connection.send(frame)
  }, options.timeEveryMs)
  ticking.unref()
  closers.add(
    'live streams',
    async () => {
      clearInterval(ticking)
      laggards.stop()
      auctions.stop()
      await inboxes.stop()
    },
    'parts'
  )
  return { auctions, inboxes, limits: options, connections, clock }
}
