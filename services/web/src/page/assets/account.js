import { call, Problem, read } from './api.js'
import { element, replace } from './dom.js'
import { session, setSession } from './session.js'

/** @typedef {import('@gavel/contracts/api/payment.ts').PaymentMethod} PaymentMethod */

/** @param {string} label @param {Record<string, any>} members */
const field = (label, members) => element('label', {}, label, element('input', { required: true, ...members }))

/** @param {PaymentMethod} card */
const cardText = (card) =>
  `${card.brand} ending in ${card.lastFour}, valid until ${String(card.expiryMonth).padStart(2, '0')}/${card.expiryYear}.`

function cardForm() {
  const state = element('p', { class: 'meta', role: 'status' }, 'Loading …')
  const problem = element('p', { class: 'problem', role: 'alert', hidden: true })
  const button = element('button', { type: 'submit', class: 'primary' }, 'Store the card')
  const form = element(
    'form',
    { class: 'panel', novalidate: true, onsubmit: submit },
    element('h2', {}, 'Card'),
    element(
      'p',
      {},
      'What you win or buy is charged to this card. Its number goes to the payment provider and is not kept here.'
    ),
    state,
    field('Card number', {
      name: 'cardNumber',
      inputmode: 'numeric',
      autocomplete: 'cc-number',
      placeholder: '4242 4242 4242 4242',
      maxlength: 24
    }),
    element(
      'div',
      { class: 'row' },
      field('Month', {
        name: 'expiryMonth',
        inputmode: 'numeric',
        autocomplete: 'cc-exp-month',
        placeholder: '12',
        maxlength: 2
      }),
      field('Year', {
        name: 'expiryYear',
        inputmode: 'numeric',
        autocomplete: 'cc-exp-year',
        placeholder: '2030',
        maxlength: 4
      }),
      field('Code', { name: 'code', inputmode: 'numeric', autocomplete: 'cc-csc', placeholder: '123', maxlength: 4 })
    ),
    problem,
    button
  )

  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault()
    const { cardNumber, expiryMonth, expiryYear, code } = form.elements
    const year = Number(expiryYear.value)
    const body = {
      cardNumber: cardNumber.value.replaceAll(/\D/g, ''),
      expiryMonth: Number(expiryMonth.value),
      expiryYear: year < 100 ? 2000 + year : year,
      code: code.value.trim()
    }
    problem.hidden = true
    button.disabled = true
    try {
      state.textContent = cardText(await call('PUT', '/api/payment-method', { body }))
      form.reset()
    } catch (error) {
      const { code: kind, message } = /** @type {Problem} */ (error)
      problem.textContent =
        kind === 'INVALID_INPUT' ? 'Fill in the number, the month, the year and the code.' : `${message}.`
      problem.hidden = false
    } finally {
      button.disabled = false
    }
  }

  const load = async () => {
    try {
      state.textContent = cardText(await read('/api/payment-method'))
    } catch (error) {
      const missing = error instanceof Problem && error.code === 'PAYMENT_METHOD_MISSING'
      state.textContent = missing ? 'No card is stored yet.' : /** @type {Error} */ (error).message
    }
  }
  void load()
  return form
}

async function logOut() {
  const current = session()
  setSession(undefined)
  if (!current) return
  // The session ends here in any case; that the platform knows too is best effort.
  await call('POST', '/api/auth/logout', { body: { refreshToken: current.refreshToken }, anonymous: true }).catch(
    () => undefined
  )
}

/** @param {HTMLElement} main */
export function showAccount(main) {
  const { account } = session() ?? {}
  if (!account) return
  const person = element(
    'section',
    { class: 'panel' },
    element('h2', {}, account.displayName),
    element('p', {}, account.email),
    element('p', { class: 'meta' }, account.role === 'admin' ? 'Administrator' : 'Bidder'),
    element('button', { type: 'button', onclick: logOut }, 'Sign out')
  )
  replace(
    main,
    element('div', { class: 'heading' }, element('h1', {}, 'Account')),
    element('div', { class: 'panels' }, cardForm(), person)
  )
}
