import { describe, expect, test } from 'vitest'
import { AVAILABLE_PIECES_MAX } from '@gavel/contracts/api/inventory.ts'
import { LOCATIONS_MAX } from '@gavel/contracts/primitives.ts'
import { StockBook, type StockLine } from './book.ts'
import { carryOut, memoryOf, type StockCommand } from './commands.ts'

const aLine = (location: string, available: number): StockLine => ({
  productId: 'lamp',
  location,
  available,
  reserved: 1,
  sold: 2,
  supplied: available + 3,
  version: 4,
  changedAt: 0
})
const lamp = { productId: 'lamp', actor: 'ada' }
const set = (available: number, location = 'main'): StockCommand => ({
  ...lamp,
  kind: 'set',
  commandId: 'set-1',
  location,
  available
})
const adjust = (delta: number, location = 'main'): StockCommand => ({
  ...lamp,
  kind: 'adjust',
  commandId: 'count-1',
  location,
  delta,
  reason: 'count'
})
const transfer = (quantity: number, from = 'main', to = 'north'): StockCommand => ({
  ...lamp,
  kind: 'transfer',
  commandId: 'move-1',
  from,
  to,
  quantity,
  reason: 'more room'
})

const applied = { outcome: 'applied' }
const unchanged = { outcome: 'unchanged' }
const refusal = (code: string) => ({ outcome: 'refused', code })
test.each<[string, StockCommand, object, Record<string, number>]>([
  ['sets up and down', set(1), applied, { main: 1, north: 7 }],
  ['sets a place that begins by it', set(5, 'south'), applied, { main: 3, north: 7, south: 5 }],
  ['sets nothing where nothing differs', set(3), unchanged, { main: 3, north: 7 }],
  ['begins a place with no pieces', set(0, 'south'), applied, { main: 3, north: 7, south: 0 }],
  ['adds', adjust(4), applied, { main: 7, north: 7 }],
  ['takes down to zero', adjust(-3), applied, { main: 0, north: 7 }],
  ['refuses to take below zero', adjust(-4), refusal('STOCK_INSUFFICIENT'), { main: 3, north: 7 }],
  ['refuses to adjust what nobody keeps', adjust(1, 'south'), refusal('STOCK_NOT_FOUND'), { main: 3, north: 7 }],
  ['refuses more than a place may hold', adjust(AVAILABLE_PIECES_MAX), refusal('STOCK_LIMIT'), { main: 3, north: 7 }],
  ['moves', transfer(2), applied, { main: 1, north: 9 }],
  ['moves to a place that begins by it', transfer(3, 'main', 'south'), applied, { main: 0, north: 7, south: 3 }],
  ['refuses to move what is not there', transfer(4), refusal('STOCK_INSUFFICIENT'), { main: 3, north: 7 }],
  ['refuses to move from nowhere', transfer(1, 'south'), refusal('STOCK_NOT_FOUND'), { main: 3, north: 7 }],
  ['refuses to move in place', transfer(1, 'main', 'main'), refusal('TRANSFER_TO_ITSELF'), { main: 3, north: 7 }]
])('%s', (_, command, outcome, after) => {
  const book = new StockBook([aLine('main', 3), aLine('north', 7)], 9)
  expect(carryOut(book, undefined, command)).toMatchObject(outcome)
  const lines = book.linesOf('lamp')
  expect(Object.fromEntries(lines.map(({ location, available }) => [location, available]))).toEqual(after)
  for (const { available, reserved, sold, supplied } of lines) expect(available + reserved + sold).toBe(supplied)
  const moved = book.entries.reduce((sum, { change }) => sum + change.available, 0)
  expect(moved).toBe(Object.values(after).reduce((sum, pieces) => sum + pieces, 0) - 10)
})

describe('an id', () => {
  test.each([
    [set(1), set(2), 'COMMAND_ID_REUSED'],
    [adjust(1), adjust(2), 'ADJUSTMENT_ID_REUSED'],
    [transfer(1), transfer(1, 'north', 'main'), 'TRANSFER_ID_REUSED']
  ])('counts once, and not for other figures: %o', (first, other, code) => {
    const book = new StockBook([aLine('main', 0), aLine('north', 0)], 9)
    const earlier = { ...memoryOf(first), commandId: first.commandId! }
    // Though it would not fit any more.
    expect(carryOut(book, earlier, first)).toEqual({ outcome: 'repeated' })
    expect(carryOut(book, earlier, other)).toMatchObject({ outcome: 'refused', code })
    expect(book.changed).toEqual([])
  })
})

test('a product lies at so many places and no more', () => {
  const places = Array.from({ length: LOCATIONS_MAX }, (_, number) => aLine(`place-${number}`, 1))
  const book = new StockBook(places, 9)
  expect(carryOut(book, undefined, set(1, 'one-more'))).toMatchObject(refusal('STOCK_LOCATIONS_LIMIT'))
  expect(carryOut(book, undefined, transfer(1, 'place-0', 'one-more'))).toMatchObject(refusal('STOCK_LOCATIONS_LIMIT'))
})

test('neighbours of one reason are one step and one version; each transfer is its own', () => {
  const book = new StockBook([aLine('main', 9)], 9)
  for (const command of [adjust(1), adjust(2), set(3), adjust(4)]) carryOut(book, undefined, command)
  carryOut(book, undefined, transfer(1))
  carryOut(book, undefined, { ...transfer(1), commandId: 'move-2' } as StockCommand)
  const told = book.steps.map(({ location, reason, version, available }) => [location, reason, version, available])
  expect(told).toEqual([
    ['main', 'adjusted', 5, 12],
    ['main', 'set', 6, 3],
    ['main', 'adjusted', 7, 7],
    ['main', 'transferred', 8, 6],
    ['north', 'transferred', 1, 1],
    ['main', 'transferred', 9, 5],
    ['north', 'transferred', 2, 2]
  ])
  expect(book.entries).toHaveLength(8)
})
