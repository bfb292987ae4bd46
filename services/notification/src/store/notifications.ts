import { createHash } from 'node:crypto'
import { MongoBulkWriteError, type Filter } from 'mongodb'
import type { MailSettings } from '@gavel/contracts/api/notification.ts'
import { Fault } from '@gavel/platform/errors.ts'
import { isMailed, type MailDefaults } from '../domain/mail.ts'
import type { Notice } from '../domain/notice.ts'
import type { Collections, NotificationDocument } from './documents.ts'
import { readMailSettings } from './mail-settings.ts'

export interface Caused {
  eventId: string
  notice: Notice
  /** Told before, perhaps by mail: it is stored where it was lost, and no mail goes out. */
  replayed?: boolean | undefined
}

export interface StoreOptions {
  mailDefaults: MailDefaults
  now: number
}

/** A sequence without gaps needs writers of one user to take turns; this many turns lost in a row is no crowd but a mistake. */
const roundsMax = 200

export const notificationIdOf = ({ eventId, notice }: Caused): string =>
  createHash('sha256').update(`${eventId}\n${notice.userId}\n${notice.kind}`).digest('hex').slice(0, 32)

/**
 * Stores each notice once, numbered per user without gaps, and returns how many were new.
 *
 * A sequence is taken by inserting it: (user, sequence) is unique, so two writers never share one, and a writer that dies has
 * taken exactly the ones it inserted. The insert is ordered and stops at its first conflict, so nothing is stored behind a hole;
 * then the rest is numbered again. The counter only says where to start: it is raised after the insert, so a crash leaves it
 * behind, never ahead, and the next conflict puts it right.
 */
export async function storeNotices(
  collections: Collections,
  caused: readonly Caused[],
  options: StoreOptions
): Promise<number> {
  let left = await onlyNew(collections, caused)
  const users = left.map(({ notice }) => notice.userId)
  const settingsOf = await readMailSettings(collections, users, options.mailDefaults)
  const next = await nextSequences(collections, left)
  const last = new Map<string, number>()
  let stored = 0
  for (let round = 0; left.length > 0; round++) {
    if (round === roundsMax) throw new Fault('Too many writers number the notifications of one user at once')
    const taken = new Map(next)
    const documents = left.map((one) => {
      const sequence = taken.get(one.notice.userId) ?? 1
      taken.set(one.notice.userId, sequence + 1)
      return documentOf(one, sequence, { now: options.now, mails: settingsOf(one.notice.userId) })
    })
    const conflict = await insertInOrder(collections, documents)
    const inserted = documents.slice(0, conflict?.index ?? documents.length)
    stored += inserted.length
    for (const { userId, sequence } of inserted) {
      next.set(userId, sequence + 1)
      last.set(userId, sequence)
    }
    if (!conflict) break
    left = left.slice(conflict.index + (conflict.isSameNotice ? 1 : 0))
    const { userId } = documents[conflict.index]!
    if (!conflict.isSameNotice) next.set(userId, (await newestSequence(collections, userId)) + 1)
  }
  await raiseCounters(collections, last)
  return stored
}

async function onlyNew({ notifications }: Collections, caused: readonly Caused[]): Promise<Caused[]> {
  const byId = new Map(caused.map((one) => [notificationIdOf(one), one]))
  if (byId.size === 0) return []
  const known = await notifications.find({ _id: { $in: [...byId.keys()] } }, { projection: { _id: 1 } }).toArray()
  for (const { _id } of known) byId.delete(_id)
  return [...byId.values()]
}

async function nextSequences({ counters }: Collections, caused: readonly Caused[]): Promise<Map<string, number>> {
  if (caused.length === 0) return new Map()
  const users = [...new Set(caused.map(({ notice }) => notice.userId))]
  const found = await counters.find({ _id: { $in: users } }).toArray()
  return new Map(found.map(({ _id, sequence }) => [_id, sequence + 1]))
}

function documentOf(
  caused: Caused,
  sequence: number,
  { mails, now }: { mails: MailSettings; now: number }
): NotificationDocument {
  const { createdAt, ...notice } = caused.notice
  return {
    _id: notificationIdOf(caused),
    ...notice,
    title: notice.title.slice(0, 200),
    text: notice.text.slice(0, 2000),
    sequence,
    createdAt: new Date(createdAt),
    read: false,
    ...(!caused.replayed && isMailed(notice.kind, mails)
      ? { mail: { state: 'due' as const, attempts: 0, nextAttemptAt: new Date(now) } }
      : {})
  }
}

interface Conflict {
  index: number
  /** The notice itself is stored already; otherwise its sequence was taken by another. */
  isSameNotice: boolean
}

async function insertInOrder(
  { notifications }: Collections,
  documents: NotificationDocument[]
): Promise<Conflict | undefined> {
  try {
    await notifications.insertMany(documents, { ordered: true })
    return undefined
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError) || error.code !== 11000) throw error
    const [first] = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors]
    if (!first) throw error
    return { index: first.index, isSameNotice: !(first.errmsg ?? '').includes('user_sequence') }
  }
}

export async function newestSequence({ notifications, counters }: Collections, userId: string): Promise<number> {
  const [newest, counter] = await Promise.all([
    notifications.findOne({ userId }, { sort: { sequence: -1 }, projection: { sequence: 1 } }),
    counters.findOne({ _id: userId })
  ])
  return Math.max(newest?.sequence ?? 0, counter?.sequence ?? 0)
}

/** Keeps the place of users whose old notifications have all expired. */
async function raiseCounters({ counters }: Collections, last: Map<string, number>): Promise<void> {
  if (last.size === 0) return
  await counters.bulkWrite(
    [...last].map(([userId, sequence]) => ({
      updateOne: { filter: { _id: userId }, update: { $max: { sequence } }, upsert: true }
    })),
    { ordered: false }
  )
}

/** Newest first. */
export async function listNotifications(
  { notifications }: Collections,
  userId: string,
  {
    beforeSequence,
    afterSequence,
    limit
  }: { beforeSequence?: number | undefined; afterSequence?: number | undefined; limit: number }
): Promise<NotificationDocument[]> {
  const range = {
    ...(beforeSequence === undefined ? {} : { $lt: beforeSequence }),
    ...(afterSequence === undefined ? {} : { $gt: afterSequence })
  }
  const filter: Filter<NotificationDocument> = Object.keys(range).length > 0 ? { userId, sequence: range } : { userId }
  return await notifications.find(filter).sort({ sequence: -1 }).limit(limit).toArray()
}

/** Oldest first: what a live stream sends next. */
export async function notificationsAfter(
  { notifications }: Collections,
  userId: string,
  sequence: number,
  limit: number
): Promise<NotificationDocument[]> {
  return await notifications
    .find({ userId, sequence: { $gt: sequence } })
    .sort({ sequence: 1 })
    .limit(limit)
    .toArray()
}

/** Counted no further than anyone would read. */
const unreadMax = 1_000

export const countUnread = ({ notifications }: Collections, userId: string): Promise<number> =>
  notifications.countDocuments({ userId, read: false }, { limit: unreadMax })

/** The first time it is read is kept. */
export async function markRead(
  { notifications }: Collections,
  userId: string,
  notificationId: string,
  now: number
): Promise<NotificationDocument | undefined> {
  await notifications.updateOne(
    { _id: notificationId, userId, read: false },
    { $set: { read: true, readAt: new Date(now) } }
  )
  return (await notifications.findOne({ _id: notificationId, userId })) ?? undefined
}
