/** One recorded bid, with what its row says about its auction. */
export type Row = {
  line: number
  auctionId: string
  bidder: string
  amountMinor: number
  /** Days from the opening, as recorded. */
  atDays: number
  openingPriceMinor: number
  recordedPriceMinor: number
  item: string
}

/** The columns a row cannot do without. `bidderrate` and `auction_type` are read past. */
export const neededColumns = ['auctionid', 'bid', 'bidtime', 'bidder', 'openbid', 'price', 'item'] as const
type Column = (typeof neededColumns)[number]
export type Columns = Record<Column, number> & { count: number }

/** The platform's own bound on an amount. */
const amountMaxMinor = 100_000_000_000

/** Where each needed column stands, or the names of those that are missing or doubled. */
export function findColumns(header: readonly string[]): Columns | { missing: string[]; doubled: string[] } {
  const names = header.map((name) => name.trim().toLowerCase())
  const missing = neededColumns.filter((column) => !names.includes(column))
  const doubled = neededColumns.filter((column) => names.indexOf(column) !== names.lastIndexOf(column))
  if (missing.length > 0 || doubled.length > 0) return { missing, doubled }
  const places = Object.fromEntries(neededColumns.map((column) => [column, names.indexOf(column)])) as Record<
    Column,
    number
  >
  return { ...places, count: names.length }
}

/** Units with up to two decimals to minor units, digit by digit: a float would turn 1.15 into 114.999…. */
export function parseAmountMinor(text: string): number | { problem: string } {
  const shown = JSON.stringify(text.slice(0, 40))
  if (/^-\d/.test(text)) return { problem: `${shown} is negative` }
  const match = /^(\d*)(?:\.(\d+))?$/.exec(text)
  if (!match || text === '') return { problem: `${shown} is not an amount` }
  const [, units = '', decimals = ''] = match
  if (decimals.length > 2) return { problem: `${shown} has more than two decimals` }
  const minor = Number(units) * 100 + Number(decimals.padEnd(2, '0'))
  if (minor === 0) return { problem: `${shown} is not above zero` }
  if (minor > amountMaxMinor) return { problem: `${shown} is more than the platform takes` }
  return minor
}

function parseDays(text: string): number | { problem: string } {
  const shown = JSON.stringify(text.slice(0, 40))
  if (text.startsWith('-')) return { problem: `${shown} is before the opening` }
  const days = /^(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(text) ? Number(text) : Number.NaN
  return Number.isFinite(days) ? days : { problem: `${shown} is not a number of days` }
}

function parseText(text: string, limit: number): string | { problem: string } {
  if (text === '') return { problem: 'is empty' }
  return text.length > limit ? { problem: `is longer than ${limit} characters` } : text
}

/** One record to one bid, or one sentence that names every column that is wrong. */
export function parseRow(
  line: number,
  fields: readonly string[],
  columns: Columns
): Row | { line: number; problem: string } {
  if (fields.length !== columns.count) {
    return { line, problem: `has ${fields.length} fields where the header has ${columns.count}` }
  }
  const field = (column: Column): string => fields[columns[column]]!.trim()
  const problems: string[] = []
  const take = <Value extends string | number>(column: Column, value: Value | { problem: string }): Value => {
    if (typeof value !== 'object') return value
    problems.push(`${column} ${value.problem}`)
    return undefined as unknown as Value
  }
  const row = {
    line,
    auctionId: take('auctionid', parseText(field('auctionid'), 100)),
    bidder: take('bidder', parseText(field('bidder'), 200)),
    amountMinor: take('bid', parseAmountMinor(field('bid'))),
    atDays: take('bidtime', parseDays(field('bidtime'))),
    openingPriceMinor: take('openbid', parseAmountMinor(field('openbid'))),
    recordedPriceMinor: take('price', parseAmountMinor(field('price'))),
    item: take('item', parseText(field('item'), 200))
  }
  return problems.length > 0 ? { line, problem: problems.join(', ') } : row
}
