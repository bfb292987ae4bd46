import { read } from './api.js'
import { formatDate } from './clock.js'
import { element, notice, replace, skeletons } from './dom.js'
import { formatMoney } from './money.js'

/** @typedef {import('@gavel/contracts/api/order.ts').Order} Order */

/** @param {Order} order */
const row = (order) =>
  element(
    'tr',
    {},
    element('th', { scope: 'row' }, element('code', {}, order.orderNumber)),
    element('td', { 'data-label': 'Product' }, order.productId),
    element('td', { 'data-label': 'Pieces', class: 'number' }, order.quantity),
    element('td', { 'data-label': 'Total', class: 'number' }, formatMoney(order.totalMinor, order.currency)),
    element('td', { 'data-label': 'Ordered' }, formatDate(order.createdAt))
  )

/** @param {Order[]} items */
const table = (items) =>
  element(
    'table',
    {},
    element(
      'thead',
      {},
      element(
        'tr',
        {},
        ['Order', 'Product', 'Pieces', 'Total', 'Ordered'].map((name) => element('th', { scope: 'col' }, name))
      )
    ),
    element('tbody', {}, items.map(row))
  )

/** @param {HTMLElement} main @param {AbortSignal} signal */
export function showOrders(main, signal) {
  const content = element('div', { class: 'content' })
  replace(main, element('div', { class: 'heading' }, element('h1', {}, 'Orders')), content)
  const load = async () => {
    replace(content, ...skeletons(2, 'Loading orders'))
    try {
      const { items } = await read('/api/orders?limit=100', { signal })
      replace(
        content,
        items.length > 0 ? table(items) : notice('No orders yet. What you win or buy appears here once it is paid.')
      )
    } catch (error) {
      if (!signal.aborted)
        replace(
          content,
          notice(/** @type {Error} */ (error).message, () => void load())
        )
    }
  }
  void load()
}
