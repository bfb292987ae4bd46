import type { Pool } from 'pg'
import type { storePaymentMethod as operation } from '@gavel/contracts/api/payment.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import { flawOf, type CardFlaw } from '../domain/card.ts'
import type { PaymentProvider } from '../provider/port.ts'
import { storePaymentMethod } from '../store/payment-methods.ts'

const sentences: Record<CardFlaw, string> = {
  number: 'The card number has a wrong digit',
  expiry: 'The card has expired',
  code: 'The security code has the wrong length for this card'
}

export const storePaymentMethodRoute =
  ({ pool, provider }: { pool: Pool; provider: PaymentProvider }): Handler<typeof operation> =>
  async ({ body, user, now }) => {
    const { cardNumber, expiryMonth, expiryYear, code } = body
    const card = { number: cardNumber, expiryMonth, expiryYear, code }
    const flaw = flawOf(card, now)
    if (flaw) throw new Refusal('CARD_INVALID', { detail: sentences[flaw] })
    const stored = await provider.storeCard(card)
    if (stored.outcome === 'refused')
      throw new Refusal('CARD_INVALID', { detail: `The provider refused the card: ${stored.providerCode}` })
    const { token, brand, lastFour } = stored
    const method = { token, brand, lastFour, expiryMonth, expiryYear, storedAt: now }
    return { status: 200, body: await storePaymentMethod(pool, user.userId, method) }
  }
