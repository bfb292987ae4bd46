import type { listNotifications as operation } from '@gavel/contracts/api/notification.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import { notificationOf, type Collections } from '../store/documents.ts'
import { listNotifications } from '../store/notifications.ts'

const cursorOf = (sequence: number): string => Buffer.from(`before:${sequence}`).toString('base64url')

function sequenceOf(cursor: string): number {
  const match = /^before:(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString())
  if (!match) throw new Refusal('INVALID_INPUT', { detail: 'The cursor is not one of ours', member: 'cursor' })
  return Number(match[1])
}

export const listNotificationsRoute =
  (collections: Collections): Handler<typeof operation> =>
  async ({ query, user }) => {
    const limit = query.limit ?? 50
    const found = await listNotifications(collections, user.userId, {
      beforeSequence: query.cursor === undefined ? undefined : sequenceOf(query.cursor),
      afterSequence: query.afterSequence,
      limit: limit + 1
    })
    const items = found.slice(0, limit).map(notificationOf)
    const last = items.at(-1)
    return {
      status: 200,
      body: { items, ...(found.length > limit && last ? { nextCursor: cursorOf(last.sequence) } : {}) }
    }
  }
