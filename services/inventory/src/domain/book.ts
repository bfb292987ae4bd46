import { effects, type Cause, type ChangeReason, type Figures, type MovementKind, type Stock } from './stock.ts'

/** A row of stock as it is stored. */
export interface StockLine extends Stock {
  /** What came in by hand: always the sum of the three figures. */
  supplied: number
  /** Rises with each step. 0 where the place is not stored yet. */
  version: number
  changedAt: number
}

/** One change of one place, with the figures after it. Several of one step share its version. */
export interface Entry extends Stock {
  reason: ChangeReason
  change: Figures
  version: number
  cause: Cause
}

/** Neighbouring changes of one place for one reason, told to others in one event. */
export interface Step extends Stock {
  reason: ChangeReason
  version: number
  /** Present on a transfer: each is told by itself. */
  transferId: string | undefined
}

interface Page {
  line: StockLine
  before: number
  step: Step | undefined
}

// Neither id may hold a slash (contracts' Id), so the joined key is unambiguous.
const keyOf = ({ productId, location }: { productId: string; location: string }): string => `${productId}/${location}`

/**
 * A working copy of the stock of some products, in memory, that a batch of decisions is carried out on one after the other: one read
 * before and one write of each row after serve any number of them.
 */
export class StockBook {
  readonly #pages = new Map<string, Page>()
  readonly #products = new Map<string, StockLine[]>()
  readonly #now: number
  readonly entries: Entry[] = []
  readonly steps: Step[] = []

  constructor(lines: readonly StockLine[], now: number) {
    this.#now = now
    for (const line of lines) this.#add({ ...line })
  }

  #add(line: StockLine): Page {
    const page: Page = { line, before: line.version, step: undefined }
    this.#pages.set(keyOf(line), page)
    const lines = this.#products.get(line.productId)
    if (lines) lines.push(line)
    else this.#products.set(line.productId, [line])
    return page
  }

  /** A product's places, as they stand now. */
  linesOf(productId: string): readonly Readonly<StockLine>[] {
    return this.#products.get(productId) ?? []
  }

  lineAt(productId: string, location: string): Readonly<StockLine> | undefined {
    return this.#pages.get(keyOf({ productId, location }))?.line
  }

  /** Pieces come in or go out by hand. A place that is not there yet begins to exist. */
  supply(
    place: { productId: string; location: string; pieces: number },
    reason: Exclude<ChangeReason, MovementKind>,
    cause: Cause
  ): void {
    const { productId, location, pieces } = place
    const page = this.#pages.get(keyOf(place)) ?? this.#add(newLine(productId, location, this.#now))
    page.line.supplied += pieces
    this.#write(page, reason, { available: pieces, reserved: 0, sold: 0 }, cause)
  }

  /** Pieces of a sale change their figure. */
  move(place: { productId: string; location: string; pieces: number }, kind: MovementKind, cause: Cause): void {
    const page = this.#pages.get(keyOf(place))
    if (!page) throw new Error(`Pieces of ${place.productId} were to move at ${place.location}, where none are kept`)
    const { available, reserved, sold } = effects[kind]
    const { pieces } = place
    this.#write(page, kind, { available: available * pieces, reserved: reserved * pieces, sold: sold * pieces }, cause)
  }

  #write(page: Page, reason: ChangeReason, change: Figures, cause: Cause): void {
    const { line } = page
    line.available += change.available
    line.reserved += change.reserved
    line.sold += change.sold
    if (line.available < 0 || line.reserved < 0 || line.sold < 0)
      throw new Error(`The stock of ${line.productId} at ${line.location} was about to fall below zero`)
    line.changedAt = this.#now
    const transferId = reason === 'transferred' ? cause.commandId : undefined
    if (!page.step || page.step.reason !== reason || page.step.transferId !== transferId) {
      line.version += 1
      const { productId, location, version } = line
      page.step = { productId, location, version, reason, transferId, available: 0, reserved: 0, sold: 0 }
      this.steps.push(page.step)
    }
    const { available, reserved, sold } = line
    Object.assign(page.step, { available, reserved, sold })
    const { productId, location, version } = line
    this.entries.push({ productId, location, available, reserved, sold, reason, change, version, cause })
  }

  /** The rows to be written, and the version each had; 0 is a new one. */
  get changed(): { line: Readonly<StockLine>; before: number }[] {
    return [...this.#pages.values()].flatMap(({ line, before }) => (line.version === before ? [] : [{ line, before }]))
  }
}

const newLine = (productId: string, location: string, now: number): StockLine => ({
  productId,
  location,
  available: 0,
  reserved: 0,
  sold: 0,
  supplied: 0,
  version: 0,
  changedAt: now
})
