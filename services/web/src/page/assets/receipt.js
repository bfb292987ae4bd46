import { formatDate } from './clock.js'
import { element } from './dom.js'
import { formatMoney } from './money.js'

/** @typedef {import('@gavel/contracts/api/bidding.ts').BidReceipt} BidReceipt */

/** @param {BidReceipt} receipt */
function headline({ outcome, leading, orderNumber }) {
  if (outcome === 'refused') return 'Refused, and recorded'
  if (orderNumber) return 'Bought'
  return leading ? 'Accepted: you lead' : 'Accepted, but another bidder’s maximum is higher'
}

/** The proof of a decision: what was decided, and where in the public ledger it stands. @param {BidReceipt} receipt @param {string} currency */
export function receiptView(receipt, currency) {
  const { auctionId, sequence, priceMinor, decidedAt, hash, orderNumber, outcome, bidId } = receipt
  /** @type {[string, string | Node][]} */
  const rows = [
    ['Price', formatMoney(priceMinor, currency)],
    ['Decided', formatDate(decidedAt)],
    ['Bid', element('code', {}, bidId)],
    ['Hash', element('code', {}, hash)]
  ]
  if (orderNumber) rows.unshift(['Sale', element('code', {}, orderNumber)])
  const entry = `/api/auctions/${encodeURIComponent(auctionId)}/ledger?from=${sequence}&limit=1`
  return element(
    'details',
    { class: 'receipt', 'data-outcome': outcome },
    element('summary', {}, headline(receipt), ' ', element('span', {}, `receipt #${sequence}`)),
    element(
      'dl',
      {},
      rows.map(([name, value]) => [element('dt', {}, name), element('dd', {}, value)])
    ),
    element('a', { href: entry, target: '_blank', rel: 'noopener' }, 'This entry of the public ledger')
  )
}
