import { call } from './api.js'
import { byId } from './dom.js'
import { setSession } from './session.js'

const dialog = byId('sign-in-dialog')
const form = byId('sign-in-form')
const problem = form.querySelector('.problem')
let registering = false
/** @type {((signedIn: boolean) => void) | undefined} */
let finish

/** @param {boolean} next */
function choose(next) {
  registering = next
  form.querySelector('[data-register]').hidden = !next
  form.elements.displayName.required = next
  form.elements.password.autocomplete = next ? 'new-password' : 'current-password'
  byId('sign-in-title').textContent = next ? 'Make an account' : 'Sign in'
  form.querySelector('[type=submit]').textContent = next ? 'Make the account' : 'Sign in'
  form.querySelector('.switch span').textContent = next ? 'You have an account?' : 'No account yet?'
  form.querySelector('[data-switch]').textContent = next ? 'Sign in' : 'Make one'
  problem.hidden = true
}

/** @param {string} text */
function tell(text) {
  problem.textContent = text
  problem.hidden = false
}

/** @param {SubmitEvent} event */
async function submit(event) {
  event.preventDefault()
  if (!form.reportValidity()) return
  const { email, password, displayName } = form.elements
  const account = { email: email.value.trim(), password: password.value }
  const button = form.querySelector('[type=submit]')
  button.disabled = true
  problem.hidden = true
  try {
    const pair = registering
      ? await call('POST', '/api/auth/register', {
          body: { ...account, displayName: displayName.value.trim() },
          anonymous: true
        })
      : await call('POST', '/api/auth/login', { body: account, anonymous: true })
    setSession(pair)
    finish?.(true)
    dialog.close()
  } catch (error) {
    tell(`${/** @type {Error} */ (error).message}.`.replace('..', '.'))
  } finally {
    button.disabled = false
  }
}

form.addEventListener('submit', submit)
form.querySelector('[data-switch]').addEventListener('click', () => choose(!registering))
form.querySelector('[data-close]').addEventListener('click', () => dialog.close())
dialog.addEventListener('close', () => {
  finish?.(false)
  finish = undefined
  form.reset()
})

/** Resolves when the dialog is closed: did somebody sign in? @param {string} [title] @returns {Promise<boolean>} */
export function askToSignIn(title) {
  choose(false)
  if (title) byId('sign-in-title').textContent = title
  dialog.showModal()
  form.elements.email.focus()
  return new Promise((resolve) => (finish = resolve))
}
