import { StartFailure } from '../failure.ts'
import { readCsv } from './csv.ts'
import { findColumns, parseRow, type Columns, type Row } from './row.ts'

export type RecordedBid = Pick<Row, 'line' | 'bidder' | 'amountMinor' | 'atDays'>
export type RecordedAuction = {
  auctionId: string
  item: string
  openingPriceMinor: number
  recordedPriceMinor: number
  /** In the order to place them: by time, and by line where the times are equal. */
  bids: RecordedBid[]
}
/** Something to say about a line of the file. */
export type Remark = { line: number; problem: string }
export type Recording = {
  auctions: RecordedAuction[]
  /** Rows that could not be read as a bid; they are left out. */
  badRows: Remark[]
  /** Rows whose bid counts although they contradict their auction's first row, which is the one believed. */
  contradictions: Remark[]
}

function requireColumns(header: readonly string[]): Columns {
  const columns = findColumns(header)
  if (!('missing' in columns)) return columns
  const complaints = [
    ...columns.missing.map((name) => `the column ${name} is missing`),
    ...columns.doubled.map((name) => `the column ${name} stands twice`)
  ]
  throw new StartFailure(`This is not a recording of auctions: ${complaints.join(', ')}.`)
}

/** What the rows of one auction should say in common. Recordings are not always clean, and the bid itself is still good. */
function differs(auction: RecordedAuction, row: Row): string | undefined {
  if (auction.openingPriceMinor !== row.openingPriceMinor) return 'openbid'
  if (auction.recordedPriceMinor !== row.recordedPriceMinor) return 'price'
  return auction.item === row.item ? undefined : 'item'
}

/** Rows to auctions, in the order in which the file first names them. */
export function groupByAuction(rows: Iterable<Row>): Omit<Recording, 'badRows'> {
  const auctions = new Map<string, RecordedAuction>()
  const contradictions: Remark[] = []
  for (const row of rows) {
    const { line, auctionId, item, openingPriceMinor, recordedPriceMinor, bidder, amountMinor, atDays } = row
    const auction = auctions.get(auctionId) ?? { auctionId, item, openingPriceMinor, recordedPriceMinor, bids: [] }
    const difference = differs(auction, row)
    if (difference) {
      contradictions.push({
        line,
        problem: `${difference} differs from line ${auction.bids[0]!.line} of the same auction`
      })
    }
    auctions.set(auctionId, auction)
    auction.bids.push({ line, bidder, amountMinor, atDays })
  }
  for (const auction of auctions.values()) auction.bids.sort((a, b) => a.atDays - b.atDays || a.line - b.line)
  return { auctions: [...auctions.values()], contradictions }
}

/** A whole file to auctions and the rows that were left out. Throws a sentence where it is no recording at all. */
export function readRecording(text: string): Recording {
  const badRows: Remark[] = []
  const rows: Row[] = []
  let columns: Columns | undefined
  for (const record of readCsv(text)) {
    if ('problem' in record) badRows.push(record)
    else if (!columns) columns = requireColumns(record.fields)
    else {
      const row = parseRow(record.line, record.fields, columns)
      if ('problem' in row) badRows.push(row)
      else rows.push(row)
    }
  }
  if (!columns) throw new StartFailure('The recording is empty.')
  return { badRows, ...groupByAuction(rows) }
}
