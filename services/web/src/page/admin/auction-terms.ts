import type { InputOf } from '../api/operations.ts'

type Terms = Omit<InputOf<'openAuction'>['body'], 'auctionId' | 'title'>

export const modes = [
  ['english', 'English auction'],
  ['sealed-first-price', 'Sealed bids: the highest pays what it bid'],
  ['sealed-second-price', 'Sealed bids: the highest pays the second-highest'],
  ['fixed-price', 'Fixed price']
] as const

type Reading = {
  parseAmount: (text: string, currency: string) => number | undefined
  fromLocalInput: (text: string) => number | undefined
}

/** What the form says, as the platform takes it; or what is wrong with it. */
export function termsFrom(value: (name: string) => string, { parseAmount, fromLocalInput }: Reading): Terms | string {
  const [mode, currency] = [value('mode') as Terms['mode'], value('currency')]
  const opening = parseAmount(value('opening'), currency)
  if (opening === undefined || opening === 0) return 'Write a price such as 10.00.'
  const reserve = value('reserve') === '' ? undefined : parseAmount(value('reserve'), currency)
  if (value('reserve') !== '' && reserve === undefined) return 'Write a reserve such as 20.00, or none.'
  const buyNow = value('buyNow') === '' ? undefined : parseAmount(value('buyNow'), currency)
  if (value('buyNow') !== '' && buyNow === undefined) return 'Write a buy-now price such as 90.00, or none.'
  const endsAt = fromLocalInput(value('endsAt'))
  if (endsAt === undefined) return 'Say when it ends.'
  const startsAt = fromLocalInput(value('startsAt'))
  const number = (name: string): number | undefined => (value(name) === '' ? undefined : Number(value(name)))
  const [quantity, quantityPerBuyer, antiSniping] = [
    number('quantity'),
    number('quantityPerBuyer'),
    number('antiSniping')
  ]
  return {
    productId: value('productId').trim(),
    mode,
    currency,
    openingPriceMinor: opening,
    endsAt,
    ...(startsAt !== undefined && { startsAt }),
    ...(mode !== 'fixed-price' && reserve !== undefined && { reservePriceMinor: reserve }),
    ...(mode === 'english' && buyNow !== undefined && { buyNowPriceMinor: buyNow }),
    ...(mode === 'fixed-price' && quantity !== undefined && { quantity }),
    ...(mode === 'fixed-price' && quantityPerBuyer !== undefined && { quantityPerBuyer }),
    ...(mode === 'english' && antiSniping !== undefined && { antiSnipingWindowMs: antiSniping * 1000 })
  }
}
