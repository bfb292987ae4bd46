import { lazy, Suspense, type ComponentType } from 'react'
import { Redirect, Route, Switch, useLocation } from 'wouter'
import { useAccount } from './api/session.ts'
import { Account } from './account/account.tsx'
import { ForgotPassword, ResetPassword, VerifyEmail } from './account/mailed.tsx'
import { Register, SignIn } from './account/sign-in.tsx'
import { AuctionPage } from './auctions/auction-page.tsx'
import { Browse } from './auctions/browse.tsx'
import { Find } from './auctions/find.tsx'
import { Loading } from './parts/states.tsx'
import { View } from './parts/view.tsx'
import { Views } from './parts/views.tsx'
import type { openRoutes } from './routes.ts'
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

/** What has places of its own: only for those signed in. */
function Parts() {
  return (
    <Switch>
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
  )
}

export function App() {
  const [location] = useLocation()
  return (
    <Shell>
      <Boundary key={location}>
        <Suspense fallback={<Loading what="the page" />}>
          <Views<(typeof openRoutes)[number]>
            of={{
              '/': () => <Browse />,
              '/auctions': () => <Browse />,
              '/auctions/:auctionId': ({ auctionId }) => <AuctionPage key={auctionId} auctionId={auctionId} />,
              '/items': () => <Find />,
              '/account/sign-in': () => <SignIn />,
              '/account/register': () => <Register />,
              '/account/forgot-password': () => <ForgotPassword />,
              '/account/reset-password': () => <ResetPassword />,
              '/account/verify-email': () => <VerifyEmail />
            }}
            otherwise={<Parts />}
          />
        </Suspense>
      </Boundary>
    </Shell>
  )
}
