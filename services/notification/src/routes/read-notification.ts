import type { readNotification as operation } from '@gavel/contracts/api/notification.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import { notificationOf, type Collections } from '../store/documents.ts'
import { markRead } from '../store/notifications.ts'

/** Somebody else's notification answers as one that does not exist. */
export const readNotificationRoute =
  (collections: Collections): Handler<typeof operation> =>
  async ({ params, user, now }) => {
    const read = await markRead(collections, user.userId, params.notificationId, now)
    if (!read) throw new Refusal('NOTIFICATION_NOT_FOUND')
    return { status: 200, body: notificationOf(read) }
  }
