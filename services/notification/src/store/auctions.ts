import { MongoServerError, type AnyBulkWriteOperation } from 'mongodb'
import {
  closingStanding,
  endingOf,
  standingOf,
  type AuctionPicture,
  type Cancelled,
  type Closed,
  type Decided,
  type Extended,
  type Opened,
  type Ending,
  type Pseudonym,
  type Standing
} from '../domain/auction-picture.ts'
import type { Titles } from '../domain/notice.ts'
import type { AuctionDocument, Collections } from './documents.ts'

/**
 * The stored view of each auction. Every write carries a ledger sequence and changes the standing only where it is newer than
 * what is stored, so events may come twice and in any order, to any number of processes.
 */
type Write = AnyBulkWriteOperation<AuctionDocument>

const isNewer = (sequence: number) => ({ $gt: [sequence, '$sequence'] })

export function openedWrite({ auctionId, ...terms }: Opened): Write {
  return { updateOne: { filter: { _id: auctionId }, update: { $set: { terms }, $max: { sequence: 0 } }, upsert: true } }
}

export function decidedWrite(decided: Decided, pseudonym: Pseudonym): Write {
  const { auctionId, sequence } = decided
  const standing = { $literal: standingOf(decided, pseudonym) }
  return {
    updateOne: {
      filter: { _id: auctionId },
      update: [
        {
          $set: {
            standing: { $cond: [isNewer(sequence), standing, '$standing'] },
            sequence: { $max: ['$sequence', sequence] }
          }
        }
      ],
      upsert: true
    }
  }
}

/** Moves the view on by what an entry says of the standing, over what is known and before that over `assumed`. */
function movedWrite(
  { auctionId, sequence }: { auctionId: string; sequence: number },
  { assumed, known, closed }: { assumed: Partial<Standing>; known: Partial<Standing>; closed?: Ending }
): Write {
  const merged = { $mergeObjects: [{ $literal: assumed }, '$standing', { $literal: known }] }
  return {
    updateOne: {
      filter: { _id: auctionId },
      update: [
        {
          $set: {
            ...(closed && { closed: { $literal: closed } }),
            standing: { $cond: [isNewer(sequence), merged, '$standing'] },
            sequence: { $max: ['$sequence', sequence] }
          }
        }
      ],
      upsert: true
    }
  }
}

export const closedWrite = (closed: Closed, pseudonym: Pseudonym): Write =>
  movedWrite(closed, {
    assumed: { reserveMet: closed.outcome === 'sold' },
    known: closingStanding(closed, pseudonym),
    closed: { outcome: closed.outcome, closedAt: closed.closedAt }
  })

export const cancelledWrite = (cancelled: Cancelled): Write =>
  movedWrite(cancelled, {
    assumed: { priceMinor: 0, reserveMet: false },
    known: { bidCount: cancelled.bidCount, leader: null },
    closed: endingOf(cancelled)
  })

export const extendedWrite = (extended: Extended): Write =>
  movedWrite(extended, {
    assumed: { priceMinor: 0, leader: null, reserveMet: false, bidCount: 0 },
    known: { endsAt: extended.endsAt }
  })

/** Of one auction's entries in a batch only the newest shows in the view. */
export function newestEntries(decided: readonly Decided[]): Decided[] {
  const newest = new Map<string, Decided>()
  for (const entry of decided) {
    if (entry.sequence > (newest.get(entry.auctionId)?.sequence ?? -1)) newest.set(entry.auctionId, entry)
  }
  return [...newest.values()]
}

export async function writeAuctions({ auctions }: Collections, writes: Write[]): Promise<void> {
  if (writes.length === 0) return
  try {
    await auctions.bulkWrite(writes, { ordered: false })
  } catch (error) {
    // Two upserts of a new auction met: one inserted it, and the other finds it there the second time.
    if (!(error instanceof MongoServerError) || error.code !== 11000) throw error
    await auctions.bulkWrite(writes, { ordered: false })
  }
}

export const pictureOf = ({ _id, ...document }: AuctionDocument): AuctionPicture => ({ auctionId: _id, ...document })

export async function readPictures(
  { auctions }: Collections,
  auctionIds: readonly string[]
): Promise<AuctionPicture[]> {
  if (auctionIds.length === 0) return []
  const found = await auctions.find({ _id: { $in: [...auctionIds] } }).toArray()
  return found.map(pictureOf)
}

/** What these auctions are called. Those that are not known yet have no title. */
export async function readTitles({ auctions }: Collections, auctionIds: readonly string[]): Promise<Titles> {
  const ids = [...new Set(auctionIds)]
  if (ids.length === 0) return () => undefined
  const found = await auctions
    .find({ _id: { $in: ids }, terms: { $exists: true } }, { projection: { 'terms.title': 1, 'terms.currency': 1 } })
    .toArray()
  const titles = new Map(found.map(({ _id, terms }) => [_id, { title: terms!.title, currency: terms!.currency }]))
  return (auctionId) => titles.get(auctionId)
}
