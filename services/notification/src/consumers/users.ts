import type { ContactChanged, ContactErased } from '@gavel/contracts/events/identity.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { welcomeNotice } from '../domain/notice.ts'
import type { NoticeStore } from '../store/notice-store.ts'
import { forgetUsers, storeUsers } from '../store/users.ts'

/** Name and address first: the welcome mail is sent to them. */
export const contactChanged =
  (store: NoticeStore) =>
  async (events: IncomingEvent<typeof ContactChanged>[]): Promise<void> => {
    await storeUsers(
      store.collections,
      events.map(({ data }) => data)
    )
    await store.add(events.map(({ id, data, replayed }) => ({ eventId: id, notice: welcomeNotice(data), replayed })))
  }

/** Whatever was written to a person goes with their name and address. */
export const contactErased =
  (store: NoticeStore) =>
  async (events: IncomingEvent<typeof ContactErased>[]): Promise<void> => {
    await forgetUsers(
      store.collections,
      events.map(({ data }) => data.userId)
    )
  }
