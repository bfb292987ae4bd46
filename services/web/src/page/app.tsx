import { lazy, Suspense, useEffect, type ComponentType } from 'react'
import { Redirect, Route, Switch, useLocation } from 'wouter'
import { useAccount } from './api/session.ts'
import { Browse } from './auctions/browse.tsx'
import { Loading } from './parts/states.tsx'
import { View } from './parts/view.tsx'
import { Views } from './parts/views.tsx'
import type { openRoutes } from './routes.ts'
import { Boundary } from './shell/boundary.tsx'
import { Shell } from './shell/shell.tsx'

/** The first page is all that a first visit waits for. Every other part is fetched when somebody goes there. */
const auctionPage = () => import('./auctions/auction-page.tsx')
const AuctionPage = lazy(async () => ({ default: (await auctionPage()).AuctionPage }))
const Find = lazy(async () => ({ default: (await import('./auctions/find.tsx')).Find }))
const signIn = () => import('./account/sign-in.tsx')
const SignIn = lazy(async () => ({ default: (await signIn()).SignIn }))
const Register = lazy(async () => ({ default: (await signIn()).Register }))
const mailed = () => import('./account/mailed.tsx')
const ForgotPassword = lazy(async () => ({ default: (await mailed()).ForgotPassword }))
const ResetPassword = lazy(async () => ({ default: (await mailed()).ResetPassword }))
const VerifyEmail = lazy(async () => ({ default: (await mailed()).VerifyEmail }))
const Account = lazy(async () => ({ default: (await import('./account/account.tsx')).Account }))
const Admin = lazy(async () => ({ default: (await import('./admin/admin.tsx')).Admin }))
const Operations = lazy(async () => ({ default: (await import('./operations/operations.tsx')).Operations }))

/** Where most go next is there before they do, once the first page has had its time. */
const aheadMs = 2_000
function useAuctionPageAhead(): void {
  useEffect(() => {
    const timer = setTimeout(() => void auctionPage().catch(() => undefined), aheadMs)
    return () => clearTimeout(timer)
  }, [])
}

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
  useAuctionPageAhead()
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
