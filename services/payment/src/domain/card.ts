/** What a card says about itself. The number lives only as long as the request that brought it. */
export interface Card {
  number: string
  expiryMonth: number
  expiryYear: number
  code: string
}

export type CardFlaw = 'number' | 'expiry' | 'code'

/** The check digit of ISO/IEC 7812: it catches every single wrong digit and most swapped neighbours. */
export function passesLuhn(number: string): boolean {
  let sum = 0
  for (let index = 0; index < number.length; index++) {
    const digit = number.charCodeAt(number.length - 1 - index) - 48
    if (digit < 0 || digit > 9) return false
    const doubled = index % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return number.length >= 12 && sum % 10 === 0
}

/** A card is good through the last day of its month; a day of grace covers every time zone. */
export function isExpired(card: Pick<Card, 'expiryMonth' | 'expiryYear'>, nowMs: number): boolean {
  const dayMs = 24 * 60 * 60 * 1000
  return nowMs >= Date.UTC(card.expiryYear, card.expiryMonth, 1) + dayMs
}

/** American Express prints four digits, everyone else three. */
const codeLength = (number: string): number => (/^3[47]/.test(number) ? 4 : 3)

/** What is wrong with a card as far as anyone can tell without asking its bank. */
export function flawOf(card: Card, nowMs: number): CardFlaw | undefined {
  if (!passesLuhn(card.number)) return 'number'
  if (isExpired(card, nowMs)) return 'expiry'
  if (card.code.length !== codeLength(card.number)) return 'code'
  return undefined
}
