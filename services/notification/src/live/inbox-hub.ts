import { setTimeout as delay } from 'node:timers/promises'
import type { Collection, Db, Timestamp } from 'mongodb'
import type { LiveInbox } from '@gavel/contracts/api/web-socket.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import { notificationOf, type Collections, type NotificationDocument } from '../store/documents.ts'
import { countUnread, listNotifications, newestSequence, notificationsAfter } from '../store/notifications.ts'
import { frameOf, type Following, type Laggards, type LiveConnection } from './connection.ts'

/** A reader that missed more than this gets a snapshot. */
const resumedMax = 200
const snapshotItems = 20
const pageSize = 100
const retryMs = 1_000

const eventFrame = (document: NotificationDocument): Buffer =>
  frameOf({
    type: 'event',
    stream: 'me',
    sequence: document.sequence,
    name: 'Notification',
    data: notificationOf(document)
  })

/** One reader of one user's notifications. What it is sent comes from the store by sequence, so nothing is left out or doubled. */
class InboxReader implements Following {
  readonly connection: LiveConnection
  readonly #userId: string
  readonly #hub: InboxHub
  #sequence = 0
  #isReading = true
  #readAgain = false
  #isClosed = false

  constructor(connection: LiveConnection, userId: string, hub: InboxHub) {
    this.connection = connection
    this.#userId = userId
    this.#hub = hub
  }

  async start(afterSequence: number | undefined): Promise<void> {
    const newest = await newestSequence(this.#hub.collections, this.#userId)
    const canResume = afterSequence !== undefined && afterSequence <= newest && newest - afterSequence <= resumedMax
    if (canResume) this.#sequence = afterSequence
    else await this.#snapshot()
    this.#isReading = false
    this.catchUp()
  }

  /** A notification was stored. The next in line is sent as it is; anything else is read. */
  stored(document: NotificationDocument, frame: () => Buffer): void {
    if (document.sequence <= this.#sequence) return
    if (!this.#isReading && document.sequence === this.#sequence + 1 && !this.connection.isFull) {
      this.connection.send(frame())
      this.#sequence = document.sequence
    } else this.catchUp()
  }

  catchUp(): void {
    if (this.#isReading) {
      this.#readAgain = true
      return
    }
    this.#isReading = true
    void this.#readOn()
  }

  async #readOn(): Promise<void> {
    try {
      do {
        this.#readAgain = false
        await this.#sendWhatFollows()
      } while (this.#readAgain && !this.#isClosed && !this.connection.isFull)
      if (this.#readAgain && !this.#isClosed) this.#hub.laggards.add(this)
    } catch (error) {
      this.#hub.context.log.debug({ error }, 'Notifications could not be read for a live stream: trying again')
      if (!this.#isClosed) setTimeout(() => this.catchUp(), retryMs).unref()
    } finally {
      this.#isReading = false
    }
  }

  async #sendWhatFollows(): Promise<void> {
    for (;;) {
      const documents = await notificationsAfter(this.#hub.collections, this.#userId, this.#sequence, pageSize)
      for (const document of documents) {
        if (this.#isClosed || !this.connection.isOpen) return
        if (document.sequence !== this.#sequence + 1) return await this.#snapshot()
        if (this.connection.isFull) return this.#hub.laggards.add(this)
        this.connection.send(eventFrame(document))
        this.#sequence = document.sequence
      }
      if (documents.length < pageSize) return
    }
  }

  async #snapshot(): Promise<void> {
    const { collections } = this.#hub
    const [newest, unread] = await Promise.all([
      listNotifications(collections, this.#userId, { limit: snapshotItems }),
      countUnread(collections, this.#userId)
    ])
    const sequence = newest[0]?.sequence ?? (await newestSequence(collections, this.#userId))
    const state: LiveInbox = { unread, newest: newest.map(notificationOf) }
    this.connection.send(frameOf({ type: 'snapshot', stream: 'me', sequence, state }))
    this.#sequence = sequence
  }

  close(): void {
    this.#isClosed = true
  }
}

/**
 * Every process hears of every stored notification through a change stream: whoever stored it, the reader's socket may be here.
 * The stream is only a hint about when to send; what is sent follows the stored sequence.
 */
export class InboxHub {
  readonly context: ServiceContext
  readonly collections: Collections
  readonly laggards: Laggards
  readonly #readers = new Map<string, Set<InboxReader>>()
  readonly #onStored: (document: NotificationDocument) => void
  readonly #db: Db
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>
  #stream: ReturnType<Collection<NotificationDocument>['watch']> | undefined

  constructor(
    context: ServiceContext,
    collections: Collections,
    { db, laggards, onStored }: { db: Db; laggards: Laggards; onStored: (document: NotificationDocument) => void }
  ) {
    this.#db = db
    this.context = context
    this.collections = collections
    this.laggards = laggards
    this.#onStored = onStored
    this.#running = this.#follow()
  }

  async watch(
    connection: LiveConnection,
    userId: string,
    { afterSequence, isWanted }: { afterSequence: number | undefined; isWanted: () => boolean }
  ): Promise<{ unwatch: () => void } | undefined> {
    const reader = new InboxReader(connection, userId, this)
    const readers = this.#readers.get(userId) ?? new Set()
    this.#readers.set(userId, readers.add(reader))
    const unwatch = (): void => {
      reader.close()
      this.laggards.delete(reader)
      readers.delete(reader)
      if (readers.size === 0 && this.#readers.get(userId) === readers) this.#readers.delete(userId)
    }
    try {
      await reader.start(afterSequence)
    } catch (error) {
      unwatch()
      throw error
    }
    if (isWanted()) return { unwatch }
    unwatch()
    return undefined
  }

  #hear(document: NotificationDocument): void {
    this.#onStored(document)
    const readers = this.#readers.get(document.userId)
    if (!readers) return
    let made: Buffer | undefined
    const frame = (): Buffer => (made ??= eventFrame(document))
    for (const reader of readers) reader.stored(document, frame)
  }

  async #follow(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        // The stream opens at its first use; beginning at a time from before that leaves no gap to what is read below.
        const { operationTime } = (await this.#db.command({ ping: 1 })) as { operationTime?: Timestamp }
        this.#stream = this.collections.notifications.watch(
          [{ $match: { operationType: 'insert' } }],
          operationTime ? { startAtOperationTime: operationTime } : {}
        )
        // What was stored while nobody listened.
        for (const readers of this.#readers.values()) for (const reader of readers) reader.catchUp()
        for await (const change of this.#stream) if (change.operationType === 'insert') this.#hear(change.fullDocument)
      } catch (error) {
        if (this.#stopping.signal.aborted) return
        this.context.log.warn({ error }, 'The stream of stored notifications broke: opening it again')
      } finally {
        await this.#stream?.close().catch(() => undefined)
      }
      await delay(retryMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#stream?.close().catch(() => undefined)
    await this.#running
  }
}
