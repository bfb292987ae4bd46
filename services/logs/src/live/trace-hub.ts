import { setTimeout as delay } from 'node:timers/promises'
import type { ChangeStream, ChangeStreamInsertDocument, Db, Timestamp } from 'mongodb'
import { MongoServerError } from 'mongodb'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { ReadyFilter } from '../domain/filter.ts'
import type { StoredLine } from '../domain/line.ts'
import type { LogsMetrics } from '../metrics.ts'
import { findNewest, storedLine, type LineDocument, type Lines } from '../store/lines.ts'
import type { LineSource, Trace } from './trace.ts'

const retryMs = 500
/** Codes of a stream whose place is no longer in the database's own log. */
const placeLost = new Set([136, 280, 286])

type Inserts = ChangeStream<LineDocument, ChangeStreamInsertDocument<LineDocument>>

/**
 * Every line that is stored, by whichever process, told to the readers of this one. It comes from the collection's change stream and not
 * from Kafka: the same place has the history, so that what is not in the one is in the other. Without readers nothing is followed.
 */
export class TraceHub implements LineSource {
  readonly metrics: LogsMetrics
  readonly #context: ServiceContext
  readonly #db: Db
  readonly #lines: Lines
  readonly #traces = new Set<Trace>()
  #followed: { ending: AbortController; open: PromiseWithResolvers<void>; ended: Promise<void> } | undefined

  constructor(context: ServiceContext, parts: { db: Db; lines: Lines; metrics: LogsMetrics }) {
    this.#context = context
    this.#db = parts.db
    this.#lines = parts.lines
    this.metrics = parts.metrics
  }

  join(trace: Trace): () => void {
    this.#traces.add(trace)
    this.metrics.traces(1)
    if (!this.#followed) this.#begin()
    return () => {
      this.#traces.delete(trace)
      this.metrics.traces(-1)
      if (this.#traces.size === 0) void this.stop()
    }
  }

  async listening(): Promise<void> {
    await this.#followed?.open.promise
  }

  async newest(filter: ReadyFilter, count: number): Promise<StoredLine[]> {
    return await findNewest(this.#db, filter, count)
  }

  async stop(): Promise<void> {
    const followed = this.#followed
    this.#followed = undefined
    followed?.ending.abort()
    followed?.open.resolve()
    await followed?.ended
  }

  #begin(): void {
    const ending = new AbortController()
    const open = Promise.withResolvers<void>()
    this.#followed = { ending, open, ended: this.#follow(ending.signal, open.resolve) }
  }

  async #follow(signal: AbortSignal, onOpen: () => void): Promise<void> {
    let place: { startAtOperationTime: Timestamp } | { resumeAfter: unknown } | undefined
    while (!signal.aborted) {
      let stream: Inserts | undefined
      try {
        place ??= { startAtOperationTime: await this.#now() }
        stream = this.#lines.watch<LineDocument, ChangeStreamInsertDocument<LineDocument>>(
          [{ $match: { operationType: 'insert' } }],
          place
        )
        const opened = stream
        signal.addEventListener('abort', () => void opened.close().catch(() => undefined), { once: true })
        // It begins at a time that is over, so nothing is missed between here and its first answer.
        onOpen()
        for await (const change of stream) {
          place = { resumeAfter: change._id }
          const line = storedLine(change.fullDocument)
          for (const trace of this.#traces) trace.hear(line)
        }
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof MongoServerError && placeLost.has(Number(error.code))) {
          place = undefined
          for (const trace of this.#traces) trace.missed()
        }
        this.#context.log.warn({ error }, 'The stream of stored lines broke: opening it again')
      } finally {
        await stream?.close().catch(() => undefined)
      }
      await delay(retryMs, undefined, { signal }).catch(() => undefined)
    }
  }

  async #now(): Promise<Timestamp> {
    const { operationTime } = (await this.#db.command({ ping: 1 })) as { operationTime?: Timestamp }
    if (!operationTime) throw new Error('The database has no change streams: it is not a replica set')
    return operationTime
  }
}
