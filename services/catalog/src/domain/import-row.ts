import { ImportLine } from '@gavel/contracts/api/catalog.ts'
import type { ErrorCode } from '@gavel/contracts/errors.ts'
import { plainSchema } from '@gavel/contracts/json-schema.ts'
import { createAjv, explain } from '@gavel/platform/schema.ts'
import type { ProductFields } from './product.ts'

/** What a row asks of an item. */
export type ItemPart =
  | { kind: 'add' | 'put'; fields: Partial<ProductFields> & { title: string } }
  | { kind: 'change'; fields: Partial<ProductFields> }
  | { kind: 'remove' }

/** What it asks of the stock. */
export type StockPart = { location: string; reason?: string } & (
  { kind: 'set'; available: number } | { kind: 'adjust'; delta: number }
)

/** A row that can be carried out, or why it cannot: with the code that the operations answer with. */
export type RowRead =
  | { status: 'read'; productId: string; item: ItemPart | undefined; stock: StockPart | undefined }
  | { status: 'refused'; code: ErrorCode; detail: string; productId: string | undefined }

const validate = createAjv({ coerce: false }).compile(plainSchema(ImportLine))

const refused = (detail: string, productId?: string): RowRead => ({
  status: 'refused',
  code: 'INVALID_INPUT',
  detail: detail.slice(0, 300),
  productId
})

const idForm = /^[A-Za-z0-9_-]{1,64}$/
const idIn = (value: unknown): string | undefined => {
  const id = (value as { productId?: unknown } | null)?.productId
  return typeof id === 'string' && idForm.test(id) ? id : undefined
}

/** @param newId the id of an item that has none. */
export function readRow(value: unknown, newId: () => string): RowRead {
  if (!validate(value)) return refused(explain(validate.errors ?? [], 'row').detail, idIn(value))
  const row = value as ImportLine
  const isText = (each: unknown): boolean =>
    typeof each !== 'string' || (each.isWellFormed() && !each.includes('\uFFFD'))
  if (!Object.values(row).every(isText)) return refused('The row is not UTF-8', idIn(value))
  const item = itemOf(row)
  const stock = stockOf(row)
  const wrong = [item, stock].find((part) => typeof part === 'string') ?? wrongTogether(row, item, stock)
  if (typeof wrong === 'string') return refused(wrong, row.productId)
  return {
    status: 'read',
    productId: row.productId ?? newId(),
    item: item as ItemPart | undefined,
    stock: stock as StockPart | undefined
  }
}

/** A sentence where something is wrong with it. */
function itemOf({ action, title, description, brand, category }: ImportLine): ItemPart | string | undefined {
  const fields: Partial<ProductFields> = {
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    ...(brand !== undefined && { brand }),
    ...(category !== undefined && { category })
  }
  const isEmpty = Object.keys(fields).length === 0
  if (action === undefined && isEmpty) return undefined
  if (action === 'remove') return isEmpty ? { kind: 'remove' } : 'A row that removes an item cannot change it too'
  if (action === 'add')
    return title === undefined ? 'The row lacks the member title' : { kind: 'add', fields: { ...fields, title } }
  if (isEmpty) return `The row says ${action}, and not what`
  // Without a title there is nothing to add: what the item is called it says only where it is there.
  return action === 'change' || title === undefined
    ? { kind: 'change', fields }
    : { kind: 'put', fields: { ...fields, title } }
}

function stockOf({ available, delta, location, reason }: ImportLine): StockPart | string | undefined {
  if (available !== undefined && delta !== undefined) return 'Stock is either set (available) or adjusted (delta)'
  const place = { location: location ?? 'main', ...(reason !== undefined && { reason }) }
  if (available !== undefined) return { kind: 'set', available, ...place }
  if (delta !== undefined) return { kind: 'adjust', delta, ...place }
  return location === undefined && reason === undefined
    ? undefined
    : 'A location and a reason belong to available or to delta'
}

function wrongTogether({ productId }: ImportLine, item: unknown, stock: unknown): string | undefined {
  const kind = (item as ItemPart | undefined)?.kind
  if (kind === undefined && stock === undefined) return 'The row says nothing that could be done'
  if (kind === 'remove' && stock !== undefined) return 'A row that removes an item cannot give it stock'
  if (productId === undefined && kind !== 'add' && kind !== 'put') return 'The row lacks the member productId'
  return undefined
}

const columnNames = new Map<string, keyof ImportLine>([
  ...(Object.keys(ImportLine.properties) as (keyof ImportLine)[]).map((name): [string, keyof ImportLine] => [
    name.toLowerCase(),
    name
  ]),
  ['id', 'productId'],
  ['sku', 'productId'],
  ['name', 'title'],
  ['pieces', 'available'],
  ['stock', 'available'],
  ['quantity', 'available'],
  ['adjust', 'delta']
])
const numbers: ReadonlySet<keyof ImportLine> = new Set(['available', 'delta'])

/** The members that a head names, in its order; a sentence where it does not. */
export function columnsOf(head: readonly string[]): (keyof ImportLine)[] | string {
  const columns: (keyof ImportLine)[] = []
  for (const cell of head) {
    const name = cell.trim()
    const column = columnNames.get(name.toLowerCase())
    if (!column)
      return `There is no column ${JSON.stringify(name.slice(0, 40))}: use ${Object.keys(ImportLine.properties).join(', ')}`
    if (columns.includes(column)) return `The column ${column} is named twice`
    columns.push(column)
  }
  if (!columns.includes('productId') && !columns.includes('title')) return 'Neither productId nor title is a column'
  return columns
}

/** The row of a table as a line of NDJSON would say it. A number that is none stays text, and is refused as such. */
export function lineOf(columns: readonly (keyof ImportLine)[], cells: readonly string[]): object | string {
  if (cells.slice(columns.length).some((cell) => cell !== ''))
    return `The row has ${cells.length} cells for ${columns.length} columns`
  return Object.fromEntries(
    columns.flatMap((column, index) => {
      const cell = column === 'description' ? (cells[index] ?? '') : (cells[index] ?? '').trim()
      if (cell === '') return []
      return [[column, numbers.has(column) && /^[+-]?\d{1,15}$/.test(cell) ? Number(cell) : cell]]
    })
  )
}
