import { useEffect, useState, type ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import { call } from '../api/call.ts'
import { useLinkState } from '../api/live.ts'
import { currentSession, setSession, useAccount } from '../api/session.ts'
import { Announcer } from '../parts/announce.tsx'
import { Icon } from '../parts/icon.tsx'
import { useUnread } from './inbox.ts'
import { readTheme, setTheme, type Theme } from './theme.ts'

const places = [
  ['/', 'Auctions'],
  ['/items', 'Find']
] as const
/** The house does not bid. */
const bidderPlaces = [
  ['/account/bids', 'My bids'],
  ['/account/orders', 'Orders']
] as const
const housePlaces = [
  ['/admin', 'Admin'],
  ['/operations', 'Operations']
] as const

function Place({ to, children }: { to: string; children: ReactNode }) {
  const [location] = useLocation()
  const isHere = to === '/' ? location === '/' || location.startsWith('/auctions') : location.startsWith(to)
  return (
    <Link href={to} aria-current={isHere ? 'page' : undefined}>
      {children}
    </Link>
  )
}

const themes = { system: 'light', light: 'dark', dark: 'system' } as const
const themeNames = { system: 'as the system has it', light: 'light', dark: 'dark' } as const

function ThemeButton() {
  const [theme, setShown] = useState<Theme>(readTheme)
  const next = themes[theme]
  return (
    <button
      type="button"
      className="bare"
      title={`Colours: ${themeNames[theme]}`}
      aria-label={`Colours are ${themeNames[theme]}; change to ${themeNames[next]}`}
      onClick={() => {
        setTheme(next)
        setShown(next)
      }}
    >
      <Icon name={theme === 'dark' ? 'moon' : theme === 'light' ? 'sun' : 'contrast'} />
      {theme === 'system' && <span className="visually-hidden">system</span>}
    </button>
  )
}

/** Ends the session at the platform too; without an answer it is ended here all the same. */
async function signOut(): Promise<void> {
  const refreshToken = currentSession()?.refreshToken
  setSession(undefined)
  if (refreshToken) await call('logOut', { body: { refreshToken } }, { anonymous: true }).catch(() => undefined)
}

function Person() {
  const account = useAccount()
  const unread = useUnread()
  const [location] = useLocation()
  if (!account)
    return (
      <Link href={`/account/sign-in?next=${encodeURIComponent(location)}`} className="button primary small">
        Sign in
      </Link>
    )
  return (
    <>
      <Link href="/account/notifications" className="bare with-count" aria-label={`Notifications, ${unread} unread`}>
        <Icon name="bell" />
        {unread > 0 && <span className="count">{unread > 99 ? '99+' : unread}</span>}
      </Link>
      <Link href="/account" className="bare person" aria-label={`Account of ${account.displayName}`}>
        <Icon name="person" />
        <span className="wide-only">{account.displayName}</span>
      </Link>
      <button type="button" className="quiet small wide-only" onClick={() => void signOut()}>
        Sign out
      </button>
    </>
  )
}

function LinkBanner() {
  const link = useLinkState()
  // A short break is not worth a word.
  const [shown, setShown] = useState(false)
  const isAway = link === 'connecting' || link === 'offline'
  useEffect(() => {
    if (!isAway) return setShown(false)
    const timer = setTimeout(() => setShown(true), 1_500)
    return () => clearTimeout(timer)
  }, [isAway])
  return (
    <div role="status" className="link-banner" data-shown={isAway && shown}>
      {isAway && shown
        ? link === 'offline'
          ? 'You are offline. Prices may be old; what you see is what was last known.'
          : 'The live connection is down. Connecting again …'
        : ''}
    </div>
  )
}

export function Shell({ children }: { children: ReactNode }) {
  const account = useAccount()
  const [isOpen, setOpen] = useState(false)
  const [location] = useLocation()
  useEffect(() => setOpen(false), [location])
  const all = [
    ...places,
    ...(account?.role === 'bidder' ? bidderPlaces : []),
    ...(account?.role === 'admin' ? housePlaces : [])
  ]
  return (
    <>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <header className="top">
        <Link href="/" className="brand">
          <Icon name="gavel" size={24} />
          Gavel
        </Link>
        <button
          type="button"
          className="bare narrow-only"
          aria-expanded={isOpen}
          aria-controls="places"
          aria-label="Menu"
          onClick={() => setOpen(!isOpen)}
        >
          <Icon name="menu" />
        </button>
        <nav id="places" aria-label="Main" data-open={isOpen}>
          {all.map(([to, text]) => (
            <Place key={to} to={to}>
              {text}
            </Place>
          ))}
          {account && (
            <button type="button" className="quiet small narrow-only" onClick={() => void signOut()}>
              Sign out
            </button>
          )}
        </nav>
        <div className="top-end">
          <ThemeButton />
          <Person />
        </div>
      </header>
      <LinkBanner />
      <Announcer />
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <footer className="bottom">
        <span>Every decision stands in a public ledger that anyone can verify.</span>
        <a href="/docs">API reference</a>
        <a href="/readyz">Readiness</a>
      </footer>
    </>
  )
}
