import type { MailSettings, Notification } from '@gavel/contracts/api/notification.ts'
import { Link } from 'wouter'
import { useChange, useOperation, usePages } from '../api/query.ts'
import { Empty, Shown, ShownPages } from '../parts/states.tsx'
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
  // An offer is taken in the profile, where it stands with its end.
  const to =
    kind === 'offer'
      ? '/account'
      : orderNumber && kind !== 'outbid'
        ? `/account/orders/${orderNumber}`
        : auctionId && `/auctions/${auctionId}`
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

const choices: [keyof MailSettings, string][] = [
  ['outbid', 'I am outbid'],
  ['ending-soon', 'something I watch ends soon'],
  ['ended', 'an auction that I bid on or watch has ended']
]

function Mails() {
  const query = useOperation('readMailSettings', {})
  const change = useChange('changeMailSettings', ['readMailSettings'])
  return (
    <Shown query={query} what="your mails">
      {(settings) => (
        <fieldset disabled={change.isPending}>
          <legend>Mail me when</legend>
          {choices.map(([kind, words]) => (
            <label key={kind} className="check">
              <input
                type="checkbox"
                checked={settings[kind]}
                onChange={({ currentTarget }) =>
                  change.mutate({ body: { ...settings, [kind]: currentTarget.checked } })
                }
              />{' '}
              {words}
            </label>
          ))}
          <p className="muted">What you win, buy, or get back is always mailed to you.</p>
        </fieldset>
      )}
    </Shown>
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
      <Mails />
    </View>
  )
}
