import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import { Currency, Id, OrderNumber, PositiveMinor, TimestampMs } from '../primitives.ts'

export const PaymentMethod = Type.Object(
  {
    brand: Type.String({ maxLength: 40 }),
    lastFour: Type.String({ pattern: '^[0-9]{4}$' }),
    expiryMonth: Type.Integer({ minimum: 1, maximum: 12 }),
    expiryYear: Type.Integer({ minimum: 2000, maximum: 2100 }),
    storedAt: TimestampMs
  },
  { additionalProperties: false }
)
export type PaymentMethod = Static<typeof PaymentMethod>

export const PaymentStatus = Type.Union([
  Type.Literal('due'),
  Type.Literal('captured'),
  Type.Literal('declined'),
  Type.Literal('cancelled'),
  Type.Literal('refund-due'),
  Type.Literal('refunded')
])

export const Payment = Type.Object(
  {
    paymentId: Id,
    orderNumber: OrderNumber,
    status: PaymentStatus,
    amountMinor: PositiveMinor,
    currency: Currency,
    changedAt: TimestampMs
  },
  { additionalProperties: false }
)
export type Payment = Static<typeof Payment>

export const storePaymentMethod = defineOperation({
  id: 'storePaymentMethod',
  method: 'PUT',
  path: '/api/payment-method',
  role: 'bidder',
  summary:
    'Stores the card that your purchases are charged to. The number goes to the provider and is kept nowhere here.',
  body: Type.Object(
    {
      cardNumber: Type.String({ pattern: '^[0-9]{12,19}$' }),
      expiryMonth: Type.Integer({ minimum: 1, maximum: 12 }),
      expiryYear: Type.Integer({ minimum: 2000, maximum: 2100 }),
      code: Type.String({ pattern: '^[0-9]{3,4}$' })
    },
    { additionalProperties: false }
  ),
  responses: { 200: PaymentMethod },
  errors: ['CARD_INVALID']
})

export const readPaymentMethod = defineOperation({
  id: 'readPaymentMethod',
  method: 'GET',
  path: '/api/payment-method',
  role: 'bidder',
  summary: 'The stored card, by its last four digits.',
  responses: { 200: PaymentMethod },
  errors: ['PAYMENT_METHOD_MISSING']
})

export const readPayment = defineOperation({
  id: 'readPayment',
  method: 'GET',
  path: '/api/payments/:orderNumber',
  role: 'user',
  summary: 'The payment of a sale: the buyer’s own, or any for an admin.',
  params: Type.Object({ orderNumber: OrderNumber }, { additionalProperties: false }),
  responses: { 200: Payment },
  errors: ['PAYMENT_NOT_FOUND']
})
