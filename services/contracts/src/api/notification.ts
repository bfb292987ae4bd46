import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import { Id, page, PageQuery, TimestampMs } from '../primitives.ts'

export const NotificationKind = Type.Union([
  Type.Literal('welcome'),
  Type.Literal('outbid'),
  Type.Literal('won'),
  Type.Literal('ordered'),
  Type.Literal('failed'),
  Type.Literal('refunded'),
  Type.Literal('offer'),
  Type.Literal('cancelled'),
  Type.Literal('ending-soon')
])

export const Notification = Type.Object(
  {
    notificationId: Id,
    /** Without gaps per user: a client that knows its last one asks for the rest. */
    sequence: Type.Integer({ minimum: 1 }),
    kind: NotificationKind,
    title: Type.String({ maxLength: 200 }),
    text: Type.String({ maxLength: 2000 }),
    auctionId: Type.Optional(Id),
    orderNumber: Type.Optional(Type.String({ maxLength: 80 })),
    createdAt: TimestampMs,
    readAt: Type.Optional(TimestampMs)
  },
  { additionalProperties: false }
)
export type Notification = Static<typeof Notification>

export const listNotifications = defineOperation({
  id: 'listNotifications',
  method: 'GET',
  path: '/api/notifications',
  role: 'user',
  summary: 'Your notifications, newest first.',
  query: Type.Object(
    { ...PageQuery, afterSequence: Type.Optional(Type.Integer({ minimum: 0 })) },
    { additionalProperties: false }
  ),
  responses: { 200: page(Notification) },
  errors: []
})

export const readNotification = defineOperation({
  id: 'readNotification',
  method: 'POST',
  path: '/api/notifications/:notificationId/read',
  role: 'user',
  summary: 'Marks one of your notifications as read.',
  params: Type.Object({ notificationId: Id }, { additionalProperties: false }),
  responses: { 200: Notification },
  errors: ['NOTIFICATION_NOT_FOUND']
})
