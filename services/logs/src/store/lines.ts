import { setTimeout as delay } from 'node:timers/promises'
import { MongoBulkWriteError, type ClientSession, type Collection, type Db } from 'mongodb'
import { logLevels } from '@gavel/contracts/api/logs.ts'
import { toFailure } from '@gavel/platform/errors.ts'
import type { Logger } from '@gavel/platform/log.ts'
import type { ReadyFilter } from '../domain/filter.ts'
import type { StoredLine } from '../domain/line.ts'

export interface LineDocument {
  _id: string
  time: Date
  /** By our own clock, so that a writer whose clock is wrong is kept as long as the others. */
  storedAt: Date
  service: string
  level: number
  traceId?: string
  words: string[]
  text: string
}

export type Lines = Collection<LineDocument>

export const linesOf = (db: Db): Lines => db.collection('lines')

const newestFirst = { time: -1, _id: -1 } as const
/**
 * One for each kind of query, each in the order of the answer, so that no query sorts. Equal members stand before the time; a level and
 * those above it are a few equal values, whose ranges are merged.
 */
const indexes = {
  newest: { key: { ...newestFirst } },
  level: { key: { level: 1, ...newestFirst } },
  service: { key: { service: 1, level: 1, ...newestFirst } },
  trace: { key: { traceId: 1, ...newestFirst }, partialFilterExpression: { traceId: { $exists: true } } },
  words: { key: { words: 1, ...newestFirst } }
} as const
const retentionIndex = 'retention'
const patienceAttempts = 60

/** Idempotent: run at every start, by every process. Waits about half a minute for a database that does not answer yet. */
export async function prepareLines(db: Db, retentionMs: number, log: Logger): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await prepareOnce(db, retentionMs)
    } catch (error) {
      if (attempt === patienceAttempts || toFailure(error).name !== 'Fault') throw error
      log.debug({ error, attempt }, 'MongoDB does not answer yet')
      await delay(500)
    }
  }
}

async function prepareOnce(db: Db, retentionMs: number): Promise<void> {
  const lines = linesOf(db)
  await lines.createIndexes(Object.entries(indexes).map(([name, index]) => ({ name, ...index })))
  const expireAfterSeconds = Math.round(retentionMs / 1000)
  const existing = await lines.indexes()
  const retention = existing.find(({ name }) => name === retentionIndex)
  if (!retention) await lines.createIndex({ storedAt: 1 }, { name: retentionIndex, expireAfterSeconds })
  else if (retention.expireAfterSeconds !== expireAfterSeconds) {
    // A new retention holds for the lines that are there as well.
    await db.command({ collMod: lines.collectionName, index: { name: retentionIndex, expireAfterSeconds } })
  }
}

/** Says how many were new. A line that is there already stays as it is. */
export async function insertLines(lines: Lines, stored: readonly StoredLine[], now: number): Promise<number> {
  if (stored.length === 0) return 0
  const storedAt = new Date(now)
  const documents = stored.map(({ id, time, ...rest }) => ({ _id: id, time: new Date(time), storedAt, ...rest }))
  try {
    return (await lines.insertMany(documents, { ordered: false })).insertedCount
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError) || !isRepetition(error)) throw error
    return error.insertedCount
  }
}

/** Every failed write met its own double, and nothing else went wrong. */
const isRepetition = ({ writeErrors, result }: MongoBulkWriteError): boolean =>
  [writeErrors].flat().every(({ code }) => code === 11000) && result.getWriteConcernError() === undefined

export interface Place {
  time: number
  id: string
}

export interface LineRange {
  filter: ReadyFilter
  from?: number | undefined
  to?: number | undefined
  /** Only lines older than this one. */
  before?: Place | undefined
  limit: number
}

/** A query that takes longer is given up: rare words together with a rare service could have to read far back. */
const queryMs = 5000

const indexFor = ({ services, levelMin, traceId, words }: ReadyFilter): keyof typeof indexes => {
  if (traceId !== undefined) return 'trace'
  if (words.length > 0) return 'words'
  if (services !== undefined) return 'service'
  return levelMin > 0 ? 'level' : 'newest'
}

/** The query for the newest lines of a range. Which index serves it is decided here, not by whatever the planner tried last. */
export function lineQuery(lines: Lines, { filter, from, to, before, limit }: LineRange, session?: ClientSession) {
  const { services, levelMin, traceId, words } = filter
  // Longest first: the rarest, as a rule.
  const [first, ...rest] = [...words].toSorted((a, b) => b.length - a.length)
  const index = indexFor(filter)
  const levels = logLevels.map((_, rank) => rank).filter((rank) => rank >= levelMin)
  const end = before === undefined ? to : Math.min(to ?? Infinity, before.time + 1)
  const time = {
    ...(from === undefined ? {} : { $gte: new Date(from) }),
    ...(end === undefined ? {} : { $lt: new Date(end) })
  }
  const conditions = [
    ...(first === undefined ? [] : [{ words: first }]),
    ...(rest.length === 0 ? [] : [{ words: { $all: rest } }]),
    ...(before === undefined
      ? []
      : [{ $or: [{ time: { $lt: new Date(before.time) } }, { time: new Date(before.time), _id: { $lt: before.id } }] }])
  ]
  return lines
    .find(
      {
        ...(traceId === undefined ? {} : { traceId }),
        ...(services === undefined ? {} : { service: { $in: [...services] } }),
        ...(index === 'service' || levelMin > 0 ? { level: { $in: levels } } : {}),
        ...(Object.keys(time).length === 0 ? {} : { time }),
        ...(conditions.length === 0 ? {} : { $and: conditions })
      },
      session ? { session } : {}
    )
    .sort(newestFirst)
    .limit(limit)
    .hint(index)
    .maxTimeMS(queryMs)
}

export const storedLine = ({ _id, time, storedAt: _storedAt, ...rest }: LineDocument): StoredLine => ({
  id: _id,
  time: time.getTime(),
  ...rest
})

/** Newest first. */
export async function findLines(lines: Lines, range: LineRange): Promise<StoredLine[]> {
  return (await lineQuery(lines, range).toArray()).map(storedLine)
}

/**
 * The newest lines, every one among them that was written before the call: a read of what a majority has may be a little behind, so it
 * is told to wait for the moment that the database itself named.
 */
export async function findNewest(db: Db, filter: ReadyFilter, limit: number): Promise<StoredLine[]> {
  return await db.client.withSession({ causalConsistency: true }, async (session) => {
    await db.command({ ping: 1 }, { session })
    return (await lineQuery(linesOf(db), { filter, limit }, session).toArray()).map(storedLine)
  })
}
