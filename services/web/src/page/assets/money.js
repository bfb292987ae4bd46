/** Amounts are integers in minor units; how many digits those have, the browser knows of every currency. */

/** @type {Map<string, Intl.NumberFormat>} */
const formats = new Map()

/** @param {string} currency */
function formatOf(currency) {
  let format = formats.get(currency)
  if (!format) {
    format = new Intl.NumberFormat(undefined, { style: 'currency', currency })
    formats.set(currency, format)
  }
  return format
}

/** @param {string} currency @returns {number} */
export const digitsOf = (currency) => formatOf(currency).resolvedOptions().maximumFractionDigits ?? 2

/** @param {number} minor @param {string} currency */
export const formatMoney = (minor, currency) => formatOf(currency).format(minor / 10 ** digitsOf(currency))

/** For an input: `1234.50`. @param {number} minor @param {string} currency */
export const plainAmount = (minor, currency) => (minor / 10 ** digitsOf(currency)).toFixed(digitsOf(currency))

/**
 * What somebody typed, in minor units, without a detour over fractions; undefined where it is no amount.
 * @param {string} text @param {string} currency @returns {number | undefined}
 */
export function parseAmount(text, currency) {
  const digits = digitsOf(currency)
  const match = /^(\d{1,10})(?:[.,](\d+))?$/.exec(text.trim().replaceAll(/[\s’']/g, ''))
  if (!match) return undefined
  const [, whole = '', fraction = ''] = match
  if (fraction.length > digits) return undefined
  return Number(whole + fraction.padEnd(digits, '0'))
}
