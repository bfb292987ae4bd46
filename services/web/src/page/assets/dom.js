/** @typedef {string | number | Node | null | undefined | false | Child[]} Child */

/**
 * Makes an element. Members that begin with `on` are listeners; `class`, `data-…` and `aria-…` are attributes, as is
 * every other string. Text is always text: nothing that comes from outside is ever read as HTML.
 * @param {string} tag
 * @param {Record<string, any>} [members]
 * @param {...Child} children
 * @returns {any}
 */
export function element(tag, members = {}, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(members)) {
    if (value === undefined || value === null || value === false) continue
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value)
    else made.setAttribute(name, value === true ? '' : String(value))
  }
  append(made, children)
  return made
}

/** @param {Element} parent @param {Child[]} children */
function append(parent, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(parent, child)
    else if (child !== null && child !== undefined && child !== false)
      parent.append(typeof child === 'number' ? String(child) : child)
  }
}

/** @param {Element} parent @param {...Child} children */
export function replace(parent, ...children) {
  parent.replaceChildren()
  append(parent, children)
}

/** Writes only what differs, so that a screen reader and the browser are left in peace. @param {Element} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text
}

/** @param {string} id @returns {any} */
export function byId(id) {
  const found = document.getElementById(id)
  if (!found) throw new Error(`There is no element ${id}`)
  return found
}

/** A sentence in place of content: loading, nothing there, or a failure with a way on. @param {string} text @param {() => void} [again] */
export function notice(text, again) {
  const retry = again && element('button', { type: 'button', onclick: again }, 'Try again')
  return element('div', { class: 'notice', role: again ? 'alert' : 'status' }, element('p', {}, text), retry)
}

/** Grey shapes where content will be. @param {number} count @param {string} label */
export function skeletons(count, label) {
  const shapes = Array.from({ length: count }, () => element('div', { class: 'card skeleton', 'aria-hidden': 'true' }))
  return [element('p', { class: 'visually-hidden', role: 'status' }, label), element('div', { class: 'cards' }, shapes)]
}
