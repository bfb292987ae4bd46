/** Amounts are integers in minor units; how many digits those have, the browser knows of every currency. */

type Format = { text: Intl.NumberFormat; digits: number }
const formats = new Map<string, Format>()

/** Asked once for each currency: of an auction that ten bids a second reach, asking again was the dearest part of drawing it. */
function formatOf(currency: string): Format {
  let format = formats.get(currency)
  if (!format) {
    const text = new Intl.NumberFormat(undefined, { style: 'currency', currency })
    format = { text, digits: text.resolvedOptions().maximumFractionDigits ?? 2 }
    formats.set(currency, format)
  }
  return format
}

const digitsOf = (currency: string): number => formatOf(currency).digits

export const formatMoney = (minor: number, currency: string): string =>
  formatOf(currency).text.format(minor / 10 ** digitsOf(currency))

/** For an input: `1234.50`. */
export const plainAmount = (minor: number, currency: string): string =>
  (minor / 10 ** digitsOf(currency)).toFixed(digitsOf(currency))

/** What somebody typed, in minor units, without a detour over fractions; undefined where it is no amount. */
export function parseAmount(text: string, currency: string): number | undefined {
  const digits = digitsOf(currency)
  const match = /^(\d{1,10})(?:[.,](\d+))?$/.exec(text.trim().replaceAll(/[\s’']/g, ''))
  if (!match) return undefined
  const [, whole = '', fraction = ''] = match
  if (fraction.length > digits) return undefined
  return Number(whole + fraction.padEnd(digits, '0'))
}
