import type { LiveAuction } from '@gavel/contracts/api/web-socket.ts'
import { parseAmount, plainAmount } from '../money.ts'

/** What is to be sent, or why what was typed is no bid. */
export function bidFrom(text: string, auction: LiveAuction): { amountMinor: number; quantity?: number } | string {
  const { mode, currency, openingPriceMinor, quantityLeft, priceToBeatMinor } = auction
  if (mode === 'fixed-price') {
    const quantity = Number(text)
    if (!Number.isInteger(quantity) || quantity < 1 || quantity > quantityLeft)
      return `Choose 1 to ${quantityLeft} pieces.`
    return { amountMinor: openingPriceMinor, quantity }
  }
  const amountMinor = parseAmount(text, currency)
  if (amountMinor === undefined) return `Write an amount such as ${plainAmount(priceToBeatMinor, currency)}.`
  return { amountMinor }
}
