import { setTimeout as delay } from 'node:timers/promises'
import type { Collection, Db } from 'mongodb'
import type { MailSettings, Notification } from '@gavel/contracts/api/notification.ts'
import { toFailure } from '@gavel/platform/errors.ts'
import type { Logger } from '@gavel/platform/log.ts'
import type { AuctionPicture, Standing, Terms } from '../domain/auction-picture.ts'
import type { Kind } from '../domain/notice.ts'

export interface UserDocument {
  _id: string
  email: string
  displayName: string
}

/** What a person has chosen: beside their name and address, which come from elsewhere and perhaps later. */
export type MailSettingsDocument = { _id: string } & MailSettings

export interface AuctionDocument {
  _id: string
  sequence: number
  terms?: Terms
  standing?: Standing
  closed?: NonNullable<AuctionPicture['closed']>
}

/** The last sequence a user was given. It follows the notifications and never leads them. */
export interface CounterDocument {
  _id: string
  sequence: number
}

/** A notification is its own entry in the mail queue: one insert makes both, so no crash comes between them. */
export interface NotificationDocument {
  /** Derived from event, user and kind: the same event delivered again meets the same id. */
  _id: string
  userId: string
  sequence: number
  kind: Kind
  title: string
  text: string
  auctionId?: string
  orderNumber?: string
  createdAt: Date
  read: boolean
  readAt?: Date
  mail?: Mail
}

export interface Mail {
  state: 'due' | 'sent' | 'dead'
  attempts: number
  /** When a mailer may take it up. A claim moves it ahead by the lease. */
  nextAttemptAt: Date
  sentAt?: Date
  /** Why the last attempt failed. */
  failure?: string
}

export interface Collections {
  users: Collection<UserDocument>
  mailSettings: Collection<MailSettingsDocument>
  auctions: Collection<AuctionDocument>
  counters: Collection<CounterDocument>
  notifications: Collection<NotificationDocument>
}

export const collectionsOf = (db: Db): Collections => ({
  users: db.collection('users'),
  mailSettings: db.collection('mailSettings'),
  auctions: db.collection('auctions'),
  counters: db.collection('counters'),
  notifications: db.collection('notifications')
})

const patienceAttempts = 12

/** Idempotent: run at every start, by every process. Waits about a minute for a database that does not answer yet. */
export async function createIndexes(collections: Collections, retentionMs: number, log: Logger): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await createOnce(collections, retentionMs)
    } catch (error) {
      if (attempt === patienceAttempts || toFailure(error).name !== 'Fault') throw error
      log.debug({ error, attempt }, 'MongoDB does not answer yet')
      await delay(500)
    }
  }
}

async function createOnce({ notifications }: Collections, retentionMs: number): Promise<void> {
  await notifications.createIndexes([
    { key: { userId: 1, sequence: -1 }, name: 'user_sequence', unique: true },
    { key: { userId: 1, read: 1 }, name: 'user_read' },
    { key: { 'mail.nextAttemptAt': 1 }, name: 'mail_due', partialFilterExpression: { 'mail.state': 'due' } },
    { key: { createdAt: 1 }, name: 'retention', expireAfterSeconds: Math.round(retentionMs / 1000) }
  ])
}

export const notificationOf = (document: NotificationDocument): Notification => ({
  notificationId: document._id,
  sequence: document.sequence,
  kind: document.kind,
  title: document.title,
  text: document.text,
  ...(document.auctionId === undefined ? {} : { auctionId: document.auctionId }),
  ...(document.orderNumber === undefined ? {} : { orderNumber: document.orderNumber }),
  createdAt: document.createdAt.getTime(),
  ...(document.readAt === undefined ? {} : { readAt: document.readAt.getTime() })
})
