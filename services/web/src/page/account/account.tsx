import { Link, Route, Switch, useLocation } from 'wouter'
import { useAccount } from '../api/session.ts'
import { Facts, View } from '../parts/view.tsx'
import { formatDate } from '../time.ts'
import { Notifications } from './notifications.tsx'
import { OrderPage, Orders } from './orders.tsx'
import { Card } from './card.tsx'
import { MyBids } from './bids.tsx'
import { Offers } from './offers.tsx'
import { Credit } from './credit.tsx'
import { Watches } from './watches.tsx'

const places = [
  ['/account', 'Profile'],
  ['/account/bids', 'Bids'],
  ['/account/watches', 'Watch list'],
  ['/account/orders', 'Orders'],
  ['/account/card', 'Payment'],
  ['/account/notifications', 'Notifications']
] as const

function Profile() {
  const account = useAccount()
  if (!account) return null
  return (
    <View title={account.displayName} lead="Your account">
      <Facts
        rows={[
          ['E-mail', account.email],
          ['Role', account.role],
          ['Member since', formatDate(account.registeredAt)]
        ]}
      />
      {account.role === 'bidder' && <Credit />}
      {account.role === 'bidder' && <Offers />}
    </View>
  )
}

export function Account() {
  const [location] = useLocation()
  return (
    <div className="with-side">
      <nav aria-label="Account" className="side">
        {places.map(([to, text]) => (
          <Link
            key={to}
            href={to}
            aria-current={(to === '/account' ? location === to : location.startsWith(to)) ? 'page' : undefined}
          >
            {text}
          </Link>
        ))}
      </nav>
      <Switch>
        <Route path="/account">
          <Profile />
        </Route>
        <Route path="/account/bids">
          <MyBids />
        </Route>
        <Route path="/account/watches">
          <Watches />
        </Route>
        <Route path="/account/orders">
          <Orders />
        </Route>
        <Route path="/account/orders/:orderNumber">
          {({ orderNumber }) => <OrderPage orderNumber={orderNumber} />}
        </Route>
        <Route path="/account/card">
          <Card />
        </Route>
        <Route path="/account/notifications">
          <Notifications />
        </Route>
        <Route>
          <View title="There is nothing here">
            <p>Choose one of the places beside.</p>
          </View>
        </Route>
      </Switch>
    </div>
  )
}
