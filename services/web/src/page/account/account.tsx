import { useOperation } from '../api/query.ts'
import { useAccount } from '../api/session.ts'
import { NoSuchPlace, Places } from '../parts/places.tsx'
import { Badge, Facts, View } from '../parts/view.tsx'
import { Views } from '../parts/views.tsx'
import type { accountRoutes } from '../routes.ts'
import { formatDate } from '../time.ts'
import { MyBids } from './bids.tsx'
import { Card } from './card.tsx'
import { Credit } from './credit.tsx'
import { Unverified } from './mailed.tsx'
import { Notifications } from './notifications.tsx'
import { Offers } from './offers.tsx'
import { OrderPage, Orders } from './orders.tsx'
import { Security } from './security.tsx'
import { Watches } from './watches.tsx'

const ofAll = [
  ['/account', 'Profile'],
  ['/account/bids', 'Bids'],
  ['/account/watches', 'Watch list'],
  ['/account/orders', 'Orders'],
  ['/account/card', 'Payment'],
  ['/account/notifications', 'Notifications'],
  ['/account/security', 'Sign-ins and data']
] as const
/** The house neither bids nor pays. */
const ofAdmins = ofAll.filter(([to]) => to !== '/account/bids' && to !== '/account/card')

function Profile() {
  const account = useAccount()
  // What was true at the sign-in may have changed: an address is verified in whichever browser the mail is opened.
  const now = useOperation('readMyAccount', {})
  if (!account) return null
  const { displayName, email, role, registeredAt, emailVerified } = now.data ?? account
  return (
    <View title={displayName} lead="Your account">
      <Facts
        rows={[
          [
            'E-mail',
            <span key="email" className="inline">
              {email}
              <Badge tone={emailVerified ? 'good' : 'warn'}>{emailVerified ? 'confirmed' : 'not confirmed'}</Badge>
            </span>
          ],
          ['Role', role],
          ['Member since', formatDate(registeredAt)]
        ]}
      />
      {now.data && !emailVerified && <Unverified />}
      {role === 'bidder' && <Credit />}
      {role === 'bidder' && <Offers />}
    </View>
  )
}

export function Account() {
  const account = useAccount()
  return (
    <Places label="Account" places={account?.role === 'admin' ? ofAdmins : ofAll}>
      <Views<(typeof accountRoutes)[number]>
        of={{
          '/account': () => <Profile />,
          '/account/bids': () => <MyBids />,
          '/account/watches': () => <Watches />,
          '/account/orders': () => <Orders />,
          '/account/orders/:orderNumber': ({ orderNumber }) => <OrderPage orderNumber={orderNumber} />,
          '/account/card': () => <Card />,
          '/account/notifications': () => <Notifications />,
          '/account/security': () => <Security />
        }}
        otherwise={<NoSuchPlace />}
      />
    </Places>
  )
}
