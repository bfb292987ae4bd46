/** Auctions end on the server’s clock. A browser’s own may be minutes off. */

let offsetMs = 0
let known = 0

/** From the live stream, which says the time itself. @param {number} serverTimeMs */
export function serverTimeIs(serverTimeMs) {
  offsetMs = serverTimeMs - Date.now()
  known = 2
}

/** From the header `date` of an answer, exact to the second: used until the live stream has spoken. @param {string | null} header */
export function serverDateIs(header) {
  const time = header ? Date.parse(header) : Number.NaN
  if (known > 1 || Number.isNaN(time)) return
  const measured = time + 500 - Date.now()
  // Within a second the header says nothing that our own clock does not.
  offsetMs = Math.abs(measured) > 1000 ? measured : 0
  known = 1
}

export const serverNow = () => Date.now() + offsetMs

/** `3 d 4 h`, `2:05:09`, `4:07`, `0:09`. @param {number} ms */
export function formatTimeLeft(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60
  ]
  const two = (/** @type {number} */ number) => String(number).padStart(2, '0')
  if (days > 0) return `${days} d ${hours} h`
  if (hours > 0) return `${hours}:${two(minutes)}:${two(seconds % 60)}`
  return `${minutes}:${two(seconds % 60)}`
}

const dates = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
/** @param {number} time */
export const formatDate = (time) => dates.format(time)
