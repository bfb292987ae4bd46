import type { MailDefaults } from '../domain/mail.ts'
import type { Caused } from './notifications.ts'
import { storeNotices } from './notifications.ts'
import type { Collections } from './documents.ts'

/** What the consumers write to. */
export interface NoticeStore {
  collections: Collections
  add(caused: readonly Caused[]): Promise<void>
}

export function createNoticeStore(
  collections: Collections,
  {
    mailDefaults,
    clock,
    onStored
  }: { mailDefaults: () => MailDefaults; clock: () => number; onStored: (count: number) => void }
): NoticeStore {
  return {
    collections,
    async add(caused) {
      if (caused.length === 0) return
      const stored = await storeNotices(collections, caused, { mailDefaults: mailDefaults(), now: clock() })
      if (stored > 0) onStored(stored)
    }
  }
}
