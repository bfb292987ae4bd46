import { showAccount } from './account.js'
import { showAuctions } from './auctions.js'
import { byId, element, notice, replace, setText } from './dom.js'
import { followInbox, leaveInbox, showInbox } from './inbox.js'
import { connect, onLinkState } from './live.js'
import { showOrders } from './orders.js'
import { onSessionChange, session } from './session.js'
import { askToSignIn } from './sign-in.js'

/** @type {Record<string, { title: string, show: (main: HTMLElement, signal: AbortSignal) => void, private?: boolean }>} */
const views = {
  '#/auctions': { title: 'Auctions', show: showAuctions },
  '#/orders': { title: 'Orders', show: showOrders, private: true },
  '#/notifications': { title: 'Notifications', show: showInbox, private: true },
  '#/account': { title: 'Account', show: showAccount, private: true }
}

const main = byId('main')
let ending = new AbortController()
/** @type {string | undefined} */
let shownFor

function show() {
  const hash = location.hash in views ? location.hash : '#/auctions'
  const view = views[hash]
  if (!view) return
  ending.abort()
  ending = new AbortController()
  document.title = `${view.title} · Gavel`
  for (const link of document.querySelectorAll('nav a')) {
    if (link.getAttribute('href') === hash) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
  if (view.private && !session()) {
    const button = element('button', { type: 'button', class: 'primary', onclick: () => askToSignIn() }, 'Sign in')
    return replace(main, notice('This page is yours alone: sign in to see it.'), button)
  }
  view.show(main, ending.signal)
}

/** @param {string | undefined} user */
function reflect(user) {
  shownFor = user
  for (const node of document.querySelectorAll('[data-signed-in]')) /** @type {HTMLElement} */ (node).hidden = !user
  for (const node of document.querySelectorAll('[data-signed-out]'))
    /** @type {HTMLElement} */ (node).hidden = Boolean(user)
  if (user) followInbox()
  else leaveInbox()
}

/** Somebody signed in or out: what is shown and what the live stream may tell follow. A renewed token changes neither. */
function sessionChanged() {
  const user = session()?.account.userId
  if (user === shownFor) return
  reflect(user)
  void connect()
  // A bid’s form that asked for the sign-in goes on where it was.
  if (location.hash in views && location.hash !== '#/auctions') show()
}

const banner = byId('banner')
const texts = { live: '', connecting: 'Connecting …', offline: 'You are offline. Prices may have changed since.' }
/** @type {ReturnType<typeof setTimeout> | undefined} */
let soon

onLinkState((state) => {
  clearTimeout(soon)
  setText(byId('link-state'), state === 'live' ? 'Live' : '')
  byId('link-state').dataset['state'] = state
  // A break of a moment is nobody’s concern.
  const tell = () => {
    setText(
      banner,
      state === 'connecting' ? 'The connection is broken; trying again. Prices may have changed since.' : texts[state]
    )
    banner.hidden = state === 'live'
  }
  if (state === 'connecting') soon = setTimeout(tell, 2_000)
  else tell()
})

byId('sign-in').addEventListener('click', () => void askToSignIn())
window.addEventListener('hashchange', () => {
  show()
  main.focus()
})
onSessionChange(sessionChanged)
reflect(session()?.account.userId)
show()
void connect()
