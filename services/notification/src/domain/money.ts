const formats = new Map<string, Intl.NumberFormat>()

function formatOf(currency: string): Intl.NumberFormat {
  const known = formats.get(currency)
  if (known) return known
  const made = new Intl.NumberFormat('en', { style: 'currency', currency })
  formats.set(currency, made)
  return made
}

/** 1250 EUR → €12.50; 1250 JPY → ¥1,250: how many minor units there are is the currency's own. */
export function formatMoney(amountMinor: number, currency: string): string {
  const format = formatOf(currency)
  return format.format(amountMinor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2))
}
