import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import { FailureReason } from '../events/sale.ts'
import { Count, Id, OrderNumber, page, PageQuery, Sale, TimestampMs } from '../primitives.ts'

export const Order = Type.Object(
  { ...Sale.properties, paymentId: Id, createdAt: TimestampMs },
  { additionalProperties: false }
)
export type Order = Static<typeof Order>

export const SaleStatus = Type.Union([Type.Literal('open'), Type.Literal('ordered'), Type.Literal('failed')])

/** Where a sale stands: what is known of each step, and how it ended. */
export const SaleProgress = Type.Object(
  {
    sale: Sale,
    status: SaleStatus,
    stock: Type.Union([
      Type.Literal('waiting'),
      Type.Literal('reserved'),
      Type.Literal('rejected'),
      Type.Literal('released')
    ]),
    payment: Type.Union([
      Type.Literal('waiting'),
      Type.Literal('captured'),
      Type.Literal('declined'),
      Type.Literal('refunded')
    ]),
    reason: Type.Optional(FailureReason),
    startedAt: TimestampMs,
    deadlineAt: TimestampMs,
    endedAt: Type.Optional(TimestampMs)
  },
  { additionalProperties: false }
)
export type SaleProgress = Static<typeof SaleProgress>

const OrderParams = Type.Object({ orderNumber: OrderNumber }, { additionalProperties: false })

export const listOrders = defineOperation({
  id: 'listOrders',
  method: 'GET',
  path: '/api/orders',
  role: 'user',
  summary: 'Your orders, newest first; an admin sees all, or one user’s.',
  query: Type.Object(
    { ...PageQuery, userId: Type.Optional(Id), auctionId: Type.Optional(Id) },
    { additionalProperties: false }
  ),
  responses: { 200: page(Order) },
  errors: ['FORBIDDEN']
})

export const readOrder = defineOperation({
  id: 'readOrder',
  method: 'GET',
  path: '/api/orders/:orderNumber',
  role: 'user',
  summary: 'One order: your own, or any for an admin.',
  params: OrderParams,
  responses: { 200: Order },
  errors: ['ORDER_NOT_FOUND']
})

export const listSales = defineOperation({
  id: 'listSales',
  method: 'GET',
  path: '/api/sales',
  role: 'admin',
  summary: 'Sales and where they stand, newest first.',
  query: Type.Object(
    { ...PageQuery, status: Type.Optional(SaleStatus), auctionId: Type.Optional(Id), productId: Type.Optional(Id) },
    { additionalProperties: false }
  ),
  responses: { 200: page(SaleProgress) },
  errors: []
})

export const readSale = defineOperation({
  id: 'readSale',
  method: 'GET',
  path: '/api/sales/:orderNumber',
  role: 'user',
  summary: 'Where one sale stands: the buyer’s own, or any for an admin.',
  params: OrderParams,
  responses: { 200: SaleProgress },
  errors: ['SALE_NOT_FOUND']
})

export const countSales = defineOperation({
  id: 'countSales',
  method: 'GET',
  path: '/api/sales-count',
  role: 'admin',
  summary: 'How many sales are open, ordered and failed, by reason.',
  query: Type.Object({ productId: Type.Optional(Id) }, { additionalProperties: false }),
  responses: {
    200: Type.Object(
      { open: Count, ordered: Count, failed: Count, reasons: Type.Record(Type.String(), Count) },
      { additionalProperties: false }
    )
  },
  errors: []
})
