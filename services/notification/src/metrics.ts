import { counter, gauge, histogram } from '@gavel/platform/metrics.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Collections } from './store/documents.ts'
import { countDueMails } from './store/mails.ts'

export interface NotificationMetrics {
  stored: (count: number) => void
  mail: (outcome: 'sent' | 'postponed' | 'dead') => void
  /** Frames sent to watchers of auctions, by whether they carry one entry or stand for several. */
  frames: (kind: 'event' | 'snapshot', count: number, tookMs: number) => void
  /** A reader that could not keep up. */
  slow: (outcome: 'coalesced' | 'closed') => void
}

export function createNotificationMetrics({ metrics }: ServiceContext, collections: Collections): NotificationMetrics {
  const stored = counter(metrics, { name: 'gavel_notifications_total', help: 'Notifications stored.' })
  const mails = counter(metrics, {
    name: 'gavel_mails_total',
    help: 'Attempts to send a mail.',
    labelNames: ['outcome']
  })
  const frames = counter(metrics, {
    name: 'gavel_live_frames_total',
    help: 'Auction frames sent to watchers.',
    labelNames: ['kind']
  })
  const fanOut = histogram(metrics, {
    name: 'gavel_live_fan_out_seconds',
    help: 'From what happened in an auction, as it is known here, to its frame for the last watcher.'
  })
  const slow = counter(metrics, {
    name: 'gavel_live_slow_readers_total',
    help: 'Streams that fell behind.',
    labelNames: ['outcome']
  })
  gauge(metrics, {
    name: 'gavel_mails_due',
    help: 'Mails that wait to be sent.',
    async collect() {
      // A scrape must not fail with the database: its own health says so.
      this.set(await countDueMails(collections).catch(() => 0))
    }
  })
  return {
    stored: (count) => stored.inc(count),
    mail: (outcome) => mails.inc({ outcome }),
    frames: (kind, count, tookMs) => {
      frames.inc({ kind }, count)
      fanOut.observe(tookMs / 1000)
    },
    slow: (outcome) => slow.inc({ outcome })
  }
}
