/** Amounts are integers in minor units; how many digits those have, the browser knows of every currency. */

const formats = new Map<string, Intl.NumberFormat>()

function formatOf(currency: string): Intl.NumberFormat {
  let format = formats.get(currency)
  if (!format) {
    format = new Intl.NumberFormat(undefined, { style: 'currency', currency })
    formats.set(currency, format)
  }
  return format
}

const digitsOf = (currency: string): number => formatOf(currency).resolvedOptions().maximumFractionDigits ?? 2

export const formatMoney = (minor: number, currency: string): string =>
  formatOf(currency).format(minor / 10 ** digitsOf(currency))

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
