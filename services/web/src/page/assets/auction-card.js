import { announce } from './announcer.js'
import { bidForm } from './bid-form.js'
import { formatDate, formatTimeLeft, serverNow } from './clock.js'
import { element, setText } from './dom.js'
import { formatMoney } from './money.js'

/** @typedef {import('@gavel/contracts/api/bidding.ts').Auction} Auction */
/** @typedef {import('@gavel/contracts/api/bidding.ts').BidReceipt} BidReceipt */
/** @typedef {import('@gavel/contracts/api/web-socket.ts').LiveAuction} LiveAuction */
/** @typedef {import('./live.js').Frame} Frame */

const outcomes = { sold: 'Sold', 'no-bids': 'Closed without a bid', 'reserve-not-met': 'Closed below its reserve' }

/** @param {LiveAuction} state */
const priceLabel = ({ mode, bidCount, status }) => {
  if (mode === 'fixed-price') return 'Price'
  if (bidCount === 0) return 'Opens at'
  return status === 'closed' ? 'Final price' : 'Current price'
}

/** @param {LiveAuction} state */
const shownPrice = ({ bidCount, mode, priceMinor, openingPriceMinor }) =>
  mode === 'fixed-price' || bidCount === 0 ? openingPriceMinor : priceMinor

/** @param {LiveAuction} state */
function countText({ mode, bidCount, quantity, quantityLeft, reserveMet }) {
  if (mode === 'fixed-price') return quantityLeft === 0 ? 'Sold out' : `${quantityLeft} of ${quantity} left`
  const bids = bidCount === 1 ? '1 bid' : `${bidCount} bids`
  return bidCount > 0 && !reserveMet ? `${bids}, reserve not met` : bids
}

/**
 * One auction. `read` takes it as the list has it, `live` a frame of its stream, `tick` the time.
 * @param {Auction} first
 */
export function auctionCard(first) {
  /** @type {LiveAuction} */
  let state = first
  let sequence = first.sequence
  /** The pseudonym that is the reader’s own here, learned from a receipt. @type {string | null | undefined} */
  let ownName
  /** @type {number | undefined} */
  let ledAt
  let involved = false

  const price = element('strong', { class: 'price' })
  const label = element('span', { class: 'label' })
  const count = element('span', { class: 'bids' })
  const time = element('span', { class: 'time' })
  const standing = element('p', { class: 'standing' })
  const form = bidForm({ state: () => state, onReceipt: learn })
  const titleId = `title-${first.auctionId}`
  const node = element(
    'article',
    { class: 'card', 'data-auction': first.auctionId, 'aria-labelledby': titleId },
    element('h2', { id: titleId }, first.title),
    element(
      'div',
      { class: 'figures' },
      element('p', { class: 'money' }, label, price),
      element('p', { class: 'meta' }, time, count)
    ),
    standing,
    form.node
  )

  /** @param {BidReceipt} receipt */
  function learn(receipt) {
    involved = true
    if (receipt.leading) ledAt = receipt.sequence
    if (ledAt === sequence) ownName = state.leader
    take(
      {
        ...state,
        priceMinor: Math.max(state.priceMinor, receipt.priceMinor),
        priceToBeatMinor: Math.max(state.priceToBeatMinor, receipt.priceToBeatMinor),
        endsAt: receipt.endsAt
      },
      sequence
    )
  }

  const isOpen = () => state.status === 'open' && state.endsAt > serverNow()
  const leads = () => ownName !== undefined && ownName !== null && state.leader === ownName

  function standingText() {
    if (state.status === 'closed') {
      const outcome =
        'outcome' in state && state.outcome
          ? outcomes[state.outcome]
          : state.bidCount > 0
            ? 'Closed'
            : 'Closed without a bid'
      return leads() ? 'You won' : outcome
    }
    if (state.mode === 'fixed-price' || !involved || ownName === undefined) return ''
    return leads() ? 'You lead' : 'You have been outbid'
  }

  function draw() {
    const text = formatMoney(shownPrice(state), state.currency)
    if (price.textContent !== '' && price.textContent !== text) flash(price)
    setText(price, text)
    setText(label, priceLabel(state))
    setText(count, countText(state))
    setText(standing, standingText())
    standing.dataset['tone'] = leads() ? 'good' : involved && isOpen() && ownName !== undefined ? 'bad' : 'plain'
    form.draw()
    tick()
  }

  /** @param {LiveAuction} next @param {number} at */
  function take(next, at) {
    const before = { price: shownPrice(state), led: leads(), status: state.status }
    state = next
    sequence = at
    if (ledAt === at) ownName = state.leader
    draw()
    if (!involved && !node.contains(document.activeElement)) return
    if (before.price !== shownPrice(state) || before.led !== leads() || before.status !== state.status) {
      announce(state.auctionId, `${state.title}: ${formatMoney(shownPrice(state), state.currency)}. ${standingText()}`)
    }
  }

  function tick() {
    const now = serverNow()
    if (state.status === 'closed') return setText(time, `Ended ${formatDate(state.endsAt)}`)
    if (state.startsAt > now) return setText(time, `Starts in ${formatTimeLeft(state.startsAt - now)}`)
    const left = state.endsAt - now
    setText(time, left > 0 ? `${formatTimeLeft(left)} left` : 'Ending …')
    time.classList.toggle('soon', left < 60_000)
    form.enable(isOpen())
  }

  draw()
  return {
    node,
    /** @param {Auction} auction */
    read: (auction) => {
      if (auction.sequence > sequence || auction.status !== state.status) take(auction, auction.sequence)
    },
    /** @param {Frame} frame */
    live: (frame) => {
      const next = frame.state ?? frame.data?.state
      if (next && frame.sequence >= sequence) take(next, frame.sequence)
    },
    tick
  }
}

/** A short glow where a figure changed. @param {HTMLElement} node */
function flash(node) {
  node.classList.remove('changed')
  void node.offsetWidth
  node.classList.add('changed')
}
