import { callUntilAnswered, Problem } from './api.js'
import { element, replace } from './dom.js'
import { formatMoney, parseAmount, plainAmount } from './money.js'
import { receiptView } from './receipt.js'
import { session } from './session.js'
import { askToSignIn } from './sign-in.js'

/** @typedef {import('@gavel/contracts/api/bidding.ts').BidReceipt} BidReceipt */
/** @typedef {import('@gavel/contracts/api/web-socket.ts').LiveAuction} LiveAuction */

/**
 * The form of a bid, or of a purchase at a fixed price. The bid’s id is made here, so that sending it again after a
 * broken connection gets the same receipt and not a second bid.
 * @param {{ state: () => LiveAuction, onReceipt: (receipt: BidReceipt) => void }} options
 */
export function bidForm({ state, onReceipt }) {
  const { auctionId, mode, currency } = state()
  const fixed = mode === 'fixed-price'
  const hintId = `hint-${auctionId}`
  const input = element('input', {
    name: 'amount',
    inputmode: fixed ? 'numeric' : 'decimal',
    autocomplete: 'off',
    'aria-describedby': hintId,
    required: true,
    ...(fixed && { value: '1' })
  })
  const button = element('button', { type: 'submit', class: 'primary' }, fixed ? 'Buy' : 'Bid')
  const hint = element('p', { class: 'hint', id: hintId })
  const answer = element('div', { class: 'answer', role: 'status' })
  const fields = element(
    'fieldset',
    {},
    element('label', {}, element('span', { class: 'label' }, fixed ? 'Pieces' : `Your maximum (${currency})`), input),
    button
  )
  const node = element('form', { class: 'bid', novalidate: true, onsubmit: submit }, fields, hint, answer)
  let sending = false
  let open = true

  /** @param {string} text @returns {undefined} */
  function refuse(text) {
    replace(answer, element('p', { class: 'problem' }, text))
    input.setAttribute('aria-invalid', 'true')
    input.focus()
    return undefined
  }

  /** What is to be sent, or undefined where what was typed is no bid. */
  function typed() {
    const { priceToBeatMinor, openingPriceMinor, quantityLeft } = state()
    const bidId = crypto.randomUUID()
    if (fixed) {
      const quantity = Number(input.value)
      if (!Number.isInteger(quantity) || quantity < 1 || quantity > quantityLeft)
        return refuse(`Choose 1 to ${quantityLeft} pieces.`)
      return { bidId, amountMinor: openingPriceMinor, currency, quantity }
    }
    const amountMinor = parseAmount(input.value, currency)
    if (amountMinor === undefined) return refuse(`Write an amount such as ${plainAmount(priceToBeatMinor, currency)}.`)
    if (amountMinor < priceToBeatMinor) return refuse(`Bid at least ${formatMoney(priceToBeatMinor, currency)}.`)
    return { bidId, amountMinor, currency }
  }

  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault()
    if (sending) return
    if (!session() && !(await askToSignIn('Sign in to bid'))) return
    input.removeAttribute('aria-invalid')
    const bid = typed()
    if (!bid) return
    sending = true
    draw()
    replace(answer, element('p', {}, 'Sending …'))
    try {
      const receipt = await callUntilAnswered('POST', `/api/auctions/${encodeURIComponent(auctionId)}/bids`, bid)
      if (!fixed) input.value = ''
      replace(answer, receiptView(receipt, currency))
      onReceipt(receipt)
    } catch (error) {
      showProblem(/** @type {Error} */ (error))
    } finally {
      sending = false
      draw()
    }
  }

  /** @param {Error} error */
  function showProblem(error) {
    const receipt = error instanceof Problem ? error.receipt : undefined
    const lost =
      error instanceof Problem && error.isFault
        ? ' Your bid may or may not have arrived: watch the price before you bid again.'
        : ''
    replace(
      answer,
      element('p', { class: 'problem' }, `${error.message}.${lost}`.replace('..', '.')),
      receipt && receiptView(receipt, currency)
    )
    if (receipt) onReceipt(receipt)
  }

  function draw() {
    const { priceToBeatMinor, openingPriceMinor, status } = state()
    fields.disabled = sending || !open
    node.hidden = status === 'closed' && answer.childElementCount === 0
    hint.hidden = status === 'closed'
    hint.textContent = fixed
      ? `${formatMoney(openingPriceMinor, currency)} each, charged to your card at once.`
      : `At least ${formatMoney(priceToBeatMinor, currency)}. You pay only as much as it takes.`
    if (!fixed) input.placeholder = plainAmount(priceToBeatMinor, currency)
  }

  return {
    node,
    draw,
    /** @param {boolean} is */
    enable: (is) => {
      if (is === open) return
      open = is
      draw()
    }
  }
}
