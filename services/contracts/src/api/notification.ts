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
  Type.Literal('ending-soon'),
  Type.Literal('ended')
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

/** Mails that one may do without. The others are about one's own purchases and always sent. */
export const MailSettings = Type.Object(
  { outbid: Type.Boolean(), 'ending-soon': Type.Boolean(), ended: Type.Boolean() },
  { additionalProperties: false }
)
export type MailSettings = Static<typeof MailSettings>

export const readMailSettings = defineOperation({
  id: 'readMailSettings',
  method: 'GET',
  path: '/api/notifications/mail-settings',
  role: 'user',
  summary: 'Of which notifications you get a mail, where that is yours to choose.',
  responses: { 200: MailSettings },
  errors: []
})

export const changeMailSettings = defineOperation({
  id: 'changeMailSettings',
  method: 'PUT',
  path: '/api/notifications/mail-settings',
  role: 'user',
  summary: 'Chooses of which notifications you get a mail from now on.',
  body: MailSettings,
  responses: { 200: MailSettings },
  errors: []
})
