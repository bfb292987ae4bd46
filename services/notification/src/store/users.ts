import { MongoServerError } from 'mongodb'
import type { DataOf } from '@gavel/contracts/define.ts'
import type { ContactChanged } from '@gavel/contracts/events/identity.ts'
import type { Collections, UserDocument } from './documents.ts'

export async function storeUsers(
  { users }: Collections,
  registered: readonly DataOf<typeof ContactChanged>[]
): Promise<void> {
  if (registered.length === 0) return
  const writes = registered.map(({ userId, email, displayName }) => ({
    updateOne: { filter: { _id: userId }, update: { $set: { email, displayName } }, upsert: true }
  }))
  try {
    await users.bulkWrite(writes, { ordered: false })
  } catch (error) {
    // Two upserts of a new user met: the second time he is there.
    if (!(error instanceof MongoServerError) || error.code !== 11000) throw error
    await users.bulkWrite(writes, { ordered: false })
  }
}

export const readUser = async ({ users }: Collections, userId: string): Promise<UserDocument | undefined> =>
  (await users.findOne({ _id: userId })) ?? undefined

/** With everything that was or would be mailed to them. */
export async function forgetUsers(
  { users, mailSettings, notifications }: Collections,
  userIds: readonly string[]
): Promise<void> {
  await users.deleteMany({ _id: { $in: [...userIds] } })
  await mailSettings.deleteMany({ _id: { $in: [...userIds] } })
  await notifications.deleteMany({ userId: { $in: [...userIds] } })
}
