import { byId } from './dom.js'

/** What a screen reader is told. The newest word on each auction, all of them together, at most once in two seconds. */

/** @type {Map<string, string>} */
const waiting = new Map()
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer

/** @param {string} about @param {string} text */
export function announce(about, text) {
  waiting.set(about, text)
  timer ??= setTimeout(() => {
    timer = undefined
    byId('announcer').textContent = [...waiting.values()].join(' ')
    waiting.clear()
  }, 2_000)
}
