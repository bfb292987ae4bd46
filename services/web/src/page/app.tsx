import { lazy, Suspense, type ComponentType } from 'react'
import { Redirect, Route, Switch, useLocation } from 'wouter'
import { useAccount } from './api/session.ts'
import { Account } from './account/account.tsx'
import { Register, SignIn } from './account/sign-in.tsx'
import { AuctionPage } from './auctions/auction-page.tsx'
import { Browse } from './auctions/browse.tsx'
import { Find } from './auctions/find.tsx'
import { Loading } from './parts/states.tsx'
import { View } from './parts/view.tsx'
import { Boundary } from './shell/boundary.tsx'
import { Shell } from './shell/shell.tsx'

/** What an admin alone needs is fetched when an admin comes. */
const Admin = lazy(async () => ({ default: (await import('./admin/admin.tsx')).Admin }))
const Operations = lazy(async () => ({ default: (await import('./operations/operations.tsx')).Operations }))

function NotFound() {
  return (
    <View title="There is nothing here">
      <p>
        The address may be old. All open auctions are on the <a href="/">first page</a>.
      </p>
    </View>
  )
}

/** Signed-out readers are led to the door and back; others than admins are told. The services check each request themselves. */
function Only({ admin = false, of: Content }: { admin?: boolean; of: ComponentType }) {
  const account = useAccount()
  const [location] = useLocation()
  if (!account) return <Redirect to={`/account/sign-in?next=${encodeURIComponent(location)}`} replace />
  if (admin && account.role !== 'admin')
    return (
      <View title="For admins">
        <p>Your account may bid and buy. This part is for those who run the house.</p>
      </View>
    )
  return <Content />
}

export function App() {
  const [location] = useLocation()
  return (
    <Shell>
      <Boundary key={location}>
        <Suspense fallback={<Loading what="the page" />}>
          <Switch>
            <Route path="/">
              <Browse />
            </Route>
            <Route path="/auctions">
              <Browse />
            </Route>
            <Route path="/auctions/:auctionId">
              {({ auctionId }) => <AuctionPage key={auctionId} auctionId={auctionId} />}
            </Route>
            <Route path="/items">
              <Find />
            </Route>
            <Route path="/account/sign-in">
              <SignIn />
            </Route>
            <Route path="/account/register">
              <Register />
            </Route>
            <Route path="/account/*?">
              <Only of={Account} />
            </Route>
            <Route path="/admin/*?">
              <Only admin of={Admin} />
            </Route>
            <Route path="/operations/*?">
              <Only admin of={Operations} />
            </Route>
            <Route>
              <NotFound />
            </Route>
          </Switch>
        </Suspense>
      </Boundary>
    </Shell>
  )
}
