import { announce } from './announcer.js'
import { call, read } from './api.js'
import { formatDate } from './clock.js'
import { byId, element, notice, replace, setText, skeletons } from './dom.js'
import { subscribe, unsubscribe } from './live.js'

/** @typedef {import('@gavel/contracts/api/notification.ts').Notification} Notification */

/** @type {Set<(notification: Notification) => void>} */
const listeners = new Set()
let unread = 0

function showUnread() {
  const badge = byId('unread')
  badge.hidden = unread <= 0
  setText(badge, String(Math.max(0, unread)))
  badge.setAttribute('aria-label', `${unread} unread`)
}

/** Follows the signed-in user’s own stream: how many are unread, and each new one. */
export function followInbox() {
  subscribe('me', (frame) => {
    if (frame.state) unread = frame.state.unread
    else {
      unread += 1
      announce('me', `${frame.data.title}. ${frame.data.text}`)
      for (const listener of listeners) listener(frame.data)
    }
    showUnread()
  })
}

export function leaveInbox() {
  unsubscribe('me')
  unread = 0
  showUnread()
}

/** @param {Notification} notification */
function item(notification) {
  const node = element(
    'li',
    { class: notification.readAt ? 'message' : 'message unread', 'data-kind': notification.kind },
    element('h2', {}, notification.title),
    element('p', {}, notification.text),
    element(
      'p',
      { class: 'meta' },
      formatDate(notification.createdAt),
      notification.orderNumber &&
        !notification.title.includes(notification.orderNumber) &&
        element('code', {}, notification.orderNumber)
    )
  )
  if (notification.readAt) return node
  const button = element('button', { type: 'button', class: 'link', onclick: markRead }, 'Mark as read')
  node.append(button)
  async function markRead() {
    button.disabled = true
    try {
      await call('POST', `/api/notifications/${encodeURIComponent(notification.notificationId)}/read`)
      node.classList.remove('unread')
      button.remove()
      unread -= 1
      showUnread()
    } catch {
      button.disabled = false
    }
  }
  return node
}

/** @param {HTMLElement} main @param {AbortSignal} signal */
export function showInbox(main, signal) {
  const content = element('div', { class: 'content' })
  const list = element('ul', { class: 'messages' })
  replace(main, element('div', { class: 'heading' }, element('h1', {}, 'Notifications')), content)
  const load = async () => {
    replace(content, ...skeletons(3, 'Loading notifications'))
    try {
      const { items } = await read('/api/notifications?limit=100', { signal })
      replace(list, items.map(item))
      replace(
        content,
        items.length > 0
          ? list
          : notice('Nothing yet. You are told here when you are outbid, win, and when an order is made.')
      )
    } catch (error) {
      if (!signal.aborted)
        replace(
          content,
          notice(/** @type {Error} */ (error).message, () => void load())
        )
    }
  }
  /** @param {Notification} notification */
  const add = (notification) => {
    if (!list.isConnected) replace(content, list)
    list.prepend(item(notification))
  }
  listeners.add(add)
  signal.addEventListener('abort', () => listeners.delete(add))
  void load()
}
