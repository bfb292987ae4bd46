import * as fc from 'fast-check'
import type { Sale } from '@gavel/contracts/primitives.ts'
import { expect, test } from 'vitest'
import { StockBook, type StockLine } from './book.ts'
import { carryOut, memoryOf, type CarriedOut, type StockCommand } from './commands.ts'
import { reserve } from './reserve.ts'
import { settle, statusAfter, type ReservationStatus } from './settle.ts'

/**
 * Stock under any schedule of sales, their ends, counts, adjustments and transfers, held against a model that is nothing but a heap of
 * pieces, each at a place and in a state. Both must tell the same after every batch.
 */

const locations = ['a', 'b', 'c'] as const
const location = fc.constantFrom(...locations)
const id = fc.integer({ min: 0, max: 7 })
const act = fc.oneof(
  fc.record({ act: fc.constant('set' as const), id, location, available: fc.nat(8) }),
  fc.record({ act: fc.constant('adjust' as const), id, location, delta: fc.integer({ min: -6, max: 6 }) }),
  fc.record({
    act: fc.constant('transfer' as const),
    id,
    from: location,
    to: location,
    quantity: fc.integer({ min: 1, max: 5 })
  }),
  fc.record({ act: fc.constant('confirm' as const), id }),
  fc.record({ act: fc.constant('end' as const), id })
)
type Act = typeof act extends fc.Arbitrary<infer Value> ? Value : never

const quantityOf = (number: number): number => 1 + ((number * 5) % 7)
const isOrdered = (number: number): boolean => number % 3 === 0
const saleOf = (number: number): Sale => ({
  orderNumber: `sale.${number}`,
  auctionId: 'auction',
  productId: 'lamp',
  userId: 'ada',
  quantity: quantityOf(number),
  unitPriceMinor: 1,
  totalMinor: quantityOf(number),
  currency: 'USD',
  confirmedAt: 0
})

interface Piece {
  at: string
  state: 'available' | number
  sold: boolean
}

/** The heap. It takes the places of a sale from the decision, because which lots serve is policy; that they could is checked. */
class Heap {
  pieces: Piece[] = []
  readonly places = new Set<string>()
  readonly done = new Map<string, string>()
  readonly sales = new Map<number, 'held' | 'over'>()

  free(at: string): Piece[] {
    return this.pieces.filter((piece) => piece.at === at && piece.state === 'available')
  }
  add(at: string, count: number): void {
    this.places.add(at)
    for (let added = 0; added < count; added += 1) this.pieces.push({ at, state: 'available', sold: false })
  }
  drop(at: string, count: number): void {
    const gone = new Set(this.free(at).slice(0, count))
    this.pieces = this.pieces.filter((piece) => !gone.has(piece))
  }
  /** @returns whether the command is taken, a repeat included. */
  command(given: Extract<Act, { act: 'set' | 'adjust' | 'transfer' }>): boolean {
    const known = this.done.get(`${given.act} ${given.id}`)
    if (known !== undefined) return known === JSON.stringify(given)
    if (given.act === 'set') {
      const there = this.free(given.location).length
      this.add(given.location, Math.max(0, given.available - there))
      this.drop(given.location, Math.max(0, there - given.available))
    } else if (given.act === 'adjust') {
      if (!this.places.has(given.location) || this.free(given.location).length + given.delta < 0) return false
      this.add(given.location, Math.max(0, given.delta))
      this.drop(given.location, Math.max(0, -given.delta))
    } else {
      if (given.from === given.to || this.free(given.from).length < given.quantity) return false
      this.places.add(given.to)
      for (const piece of this.free(given.from).slice(0, given.quantity)) piece.at = given.to
    }
    this.done.set(`${given.act} ${given.id}`, JSON.stringify(given))
    return true
  }
  figures(): Record<string, { available: number; reserved: number; sold: number }> {
    const at = (place: string, is: (piece: Piece) => boolean): number =>
      this.pieces.filter((piece) => piece.at === place && is(piece)).length
    return Object.fromEntries(
      [...this.places].toSorted().map((place) => [
        place,
        {
          available: at(place, ({ state }) => state === 'available'),
          reserved: at(place, ({ state, sold }) => state !== 'available' && !sold),
          sold: at(place, ({ sold }) => sold)
        }
      ])
    )
  }
}

const commandOf = (given: Extract<Act, { act: 'set' | 'adjust' | 'transfer' }>): StockCommand => {
  const { act: kind, id: number, ...rest } = given
  const common = { productId: 'lamp', actor: 'ada', commandId: `id-${number}`, reason: 'a reason' }
  return { ...common, kind, ...rest } as StockCommand
}

function carryOutBoth(book: StockBook, heap: Heap, memory: Map<string, CarriedOut>, given: Act): void {
  const command = commandOf(given as Extract<Act, { act: 'set' | 'adjust' | 'transfer' }>)
  const key = `${command.kind} ${command.commandId}`
  const { outcome } = carryOut(book, memory.get(key), command)
  if (outcome === 'applied' || outcome === 'unchanged')
    memory.set(key, { ...memoryOf(command), commandId: command.commandId! })
  expect(heap.command(given as never), JSON.stringify(given)).toBe(outcome !== 'refused')
}

function confirmBoth(book: StockBook, heap: Heap, known: Map<number, ReservationStatus>, number: number): void {
  if (known.has(number)) return
  const free = locations.reduce((sum, place) => sum + heap.free(place).length, 0)
  const [allocation] = reserve(book, [saleOf(number)])
  expect(allocation!.outcome).toBe(free >= quantityOf(number) ? 'reserved' : 'rejected')
  known.set(number, allocation!.outcome)
  if (allocation?.outcome !== 'reserved') return
  for (const { location: at, quantity } of allocation.parts) {
    const taken = heap.free(at).slice(0, quantity)
    expect(taken).toHaveLength(quantity)
    for (const piece of taken) piece.state = number
  }
}

function endBoth(book: StockBook, heap: Heap, known: Map<number, ReservationStatus>, number: number): void {
  const status = known.get(number)
  // An order can only follow a reservation; every other sale can fail at any moment, seen or unseen.
  const outcome = isOrdered(number) && (status === 'reserved' || status === 'sold') ? 'ordered' : 'failed'
  const settlement = settle(status, outcome)
  known.set(number, statusAfter(settlement) ?? status!)
  const held = heap.pieces.filter(({ state, sold }) => state === number && !sold)
  if (settlement.action === 'sell' || settlement.action === 'release') {
    const kind = settlement.action === 'sell' ? 'sold' : 'released'
    for (const [at, pieces] of Map.groupBy(held, (piece) => piece.at))
      book.move({ productId: 'lamp', location: at, pieces: pieces.length }, kind, {
        actor: 'order',
        orderNumber: 's.1'
      })
  }
  for (const piece of held) {
    if (outcome === 'ordered') piece.sold = true
    else piece.state = 'available'
  }
}

test('any schedule: the figures are those of the heap, nothing is below zero, and what came in is what is there', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), (acts, batchSize) => {
      const heap = new Heap()
      const memory = new Map<string, CarriedOut>()
      const known = new Map<number, ReservationStatus>()
      let stored: StockLine[] = []
      const history = new Map<string, number>()
      for (let start = 0; start < acts.length; start += batchSize) {
        const book = new StockBook(stored, start)
        for (const given of acts.slice(start, start + batchSize)) {
          if (given.act === 'confirm') confirmBoth(book, heap, known, given.id)
          else if (given.act === 'end') endBoth(book, heap, known, given.id)
          else carryOutBoth(book, heap, memory, given)
        }
        stored = book.linesOf('lamp').map((line) => ({ ...line }))
        const told = stored.toSorted((one, other) => (one.location < other.location ? -1 : 1))
        expect(
          Object.fromEntries(
            told.map(({ location: at, available, reserved, sold }) => [at, { available, reserved, sold }])
          )
        ).toEqual(heap.figures())
        for (const { available, reserved, sold, supplied } of stored) expect(available + reserved + sold).toBe(supplied)
        for (const { location: at, change } of book.entries)
          history.set(at, (history.get(at) ?? 0) + change.available + change.reserved + change.sold)
        for (const { location: at, supplied } of stored) expect(history.get(at)).toBe(supplied)
      }
    }),
    { numRuns: 500 }
  )
})
