import type { UserRegistered } from '@gavel/contracts/events/identity.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { welcomeNotice } from '../domain/notice.ts'
import type { NoticeStore } from '../store/notice-store.ts'
import { storeUsers } from '../store/users.ts'

/** Name and address first: the welcome mail is sent to them. */
export const userRegistered =
  (store: NoticeStore) =>
  async (events: IncomingEvent<typeof UserRegistered>[]): Promise<void> => {
    await storeUsers(
      store.collections,
      events.map(({ data }) => data)
    )
    await store.add(events.map(({ id, data, replayed }) => ({ eventId: id, notice: welcomeNotice(data), replayed })))
  }
