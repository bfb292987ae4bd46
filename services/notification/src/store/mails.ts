import type { Collections, NotificationDocument } from './documents.ts'

/** The mail queue: the notifications whose mail is due. At least once; a Message-ID of its own makes a double recognisable. */

export type DueMail = NotificationDocument & { mail: NonNullable<NotificationDocument['mail']> }

/** Takes up one mail; where its process dies, it is due again after the lease. */
export async function claimMail(
  { notifications }: Collections,
  now: number,
  leaseMs: number
): Promise<DueMail | undefined> {
  const claimed = await notifications.findOneAndUpdate(
    { 'mail.state': 'due', 'mail.nextAttemptAt': { $lte: new Date(now) } },
    { $set: { 'mail.nextAttemptAt': new Date(now + leaseMs) }, $inc: { 'mail.attempts': 1 } },
    { sort: { 'mail.nextAttemptAt': 1 }, returnDocument: 'after' }
  )
  return claimed?.mail ? (claimed as DueMail) : undefined
}

export async function mailSent({ notifications }: Collections, notificationId: string, now: number): Promise<void> {
  await notifications.updateOne(
    { _id: notificationId },
    { $set: { 'mail.state': 'sent', 'mail.sentAt': new Date(now) }, $unset: { 'mail.failure': '' } }
  )
}

/** Only while the claim is still ours. */
export async function mailPostponed(
  { notifications }: Collections,
  { _id, mail }: DueMail,
  failure: string,
  nextAttemptAt: number
): Promise<void> {
  await notifications.updateOne(
    { _id, 'mail.state': 'due', 'mail.attempts': mail.attempts },
    { $set: { 'mail.nextAttemptAt': new Date(nextAttemptAt), 'mail.failure': failure } }
  )
}

/** Given up: kept with its reason, no longer tried. */
export async function mailDead({ notifications }: Collections, notificationId: string, failure: string): Promise<void> {
  await notifications.updateOne(
    { _id: notificationId, 'mail.state': 'due' },
    { $set: { 'mail.state': 'dead', 'mail.failure': failure } }
  )
}

export const countDueMails = ({ notifications }: Collections): Promise<number> =>
  notifications.countDocuments({ 'mail.state': 'due' }, { limit: 100_000, hint: 'mail_due' })
