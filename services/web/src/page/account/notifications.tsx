import type { Notification } from '@gavel/contracts/api/notification.ts'
import { Link } from 'wouter'
import { usePages, useChange } from '../api/query.ts'
import { Empty, ShownPages } from '../parts/states.tsx'
import { Badge, View, type Tone } from '../parts/view.tsx'
import { oneWasRead } from '../shell/inbox.ts'
import { formatDate } from '../time.ts'

const tones: Partial<Record<Notification['kind'], Tone>> = {
  outbid: 'warn',
  won: 'good',
  ordered: 'good',
  failed: 'bad',
  offer: 'accent'
}

function Row({ notification, read }: { notification: Notification; read: (id: string) => void }) {
  const { notificationId, kind, title, text, auctionId, orderNumber, createdAt, readAt } = notification
  const to = orderNumber && kind !== 'outbid' ? `/account/orders/${orderNumber}` : auctionId && `/auctions/${auctionId}`
  return (
    <li className="notice" data-unread={readAt === undefined}>
      <p>
        <Badge tone={tones[kind] ?? 'plain'}>{kind}</Badge> <strong>{title}</strong>
      </p>
      <p>{text}</p>
      <p className="muted notice-foot">
        <time dateTime={new Date(createdAt).toISOString()}>{formatDate(createdAt)}</time>
        {to && <Link href={to}>Look at it</Link>}
        {readAt === undefined && (
          <button type="button" className="link" onClick={() => read(notificationId)}>
            Mark as read
          </button>
        )}
      </p>
    </li>
  )
}

export function Notifications() {
  const query = usePages('listNotifications', {})
  const change = useChange('readNotification', ['listNotifications'])
  const read = (notificationId: string): void => {
    oneWasRead()
    change.mutate({ params: { notificationId } })
  }
  return (
    <View title="Notifications">
      <ShownPages
        query={query}
        what="your notifications"
        empty={<Empty title="Nothing yet">Here you are told when you are outbid, win, or an order is ready.</Empty>}
      >
        {(items) => (
          <ul className="notices">
            {items.map((notification) => (
              <Row key={notification.notificationId} notification={notification} read={read} />
            ))}
          </ul>
        )}
      </ShownPages>
    </View>
  )
}
