import { AVAILABLE_PIECES_MAX } from '@gavel/contracts/api/inventory.ts'
import type { ErrorCode } from '@gavel/contracts/errors.ts'
import { LOCATIONS_MAX } from '@gavel/contracts/primitives.ts'
import type { StockBook } from './book.ts'

interface ByHand {
  productId: string
  /** Who asks: a user's id. */
  actor: string
}
/** Sets the available pieces of a place, as after a count. The place begins to exist by it. Without an id a repeat sets again. */
export interface SetCommand extends ByHand {
  kind: 'set'
  commandId?: string | undefined
  location: string
  available: number
  reason?: string | undefined
}
/** Adds to or takes from the available pieces of a place. */
export interface AdjustCommand extends ByHand {
  kind: 'adjust'
  commandId: string
  location: string
  delta: number
  reason: string
}
/** Moves available pieces from one place to another, which begins to exist by it. */
export interface TransferCommand extends ByHand {
  kind: 'transfer'
  commandId: string
  from: string
  to: string
  quantity: number
  reason: string
}
/** A change of stock by hand. Its id is its sender's and unique for each kind, so that a repeat is recognised. */
export type StockCommand = SetCommand | AdjustCommand | TransferCommand

/** What is remembered of a command that was carried out, and what a repeat must be the same in. */
export interface CarriedOut {
  kind: StockCommand['kind']
  commandId: string
  productId: string
  location: string
  toLocation: string | undefined
  pieces: number
}

export type CommandOutcome =
  /** `unchanged`: a set to what was there. */
  | { outcome: 'applied' | 'unchanged' | 'repeated' }
  | { outcome: 'refused'; code: ErrorCode; details: Record<string, unknown> }

export const memoryOf = (command: StockCommand): Omit<CarriedOut, 'commandId'> => {
  const { kind, productId } = command
  switch (kind) {
    case 'set':
      return { kind, productId, location: command.location, toLocation: undefined, pieces: command.available }
    case 'adjust':
      return { kind, productId, location: command.location, toLocation: undefined, pieces: command.delta }
    case 'transfer':
      return { kind, productId, location: command.from, toLocation: command.to, pieces: command.quantity }
  }
}

const refused = (code: ErrorCode, details: Record<string, unknown> = {}): CommandOutcome => ({
  outcome: 'refused',
  code,
  details
})

const reusedCode = { set: 'COMMAND_ID_REUSED', adjust: 'ADJUSTMENT_ID_REUSED', transfer: 'TRANSFER_ID_REUSED' } as const

/** Carries a command out on the book, or says why not. @param earlier what was carried out under the same id, if anything. */
export function carryOut(book: StockBook, earlier: CarriedOut | undefined, command: StockCommand): CommandOutcome {
  if (earlier) {
    const { productId, location, toLocation, pieces } = memoryOf(command)
    const same =
      earlier.productId === productId &&
      earlier.location === location &&
      earlier.toLocation === toLocation &&
      earlier.pieces === pieces
    return same ? { outcome: 'repeated' } : refused(reusedCode[command.kind])
  }
  switch (command.kind) {
    case 'set':
      return set(book, command)
    case 'adjust':
      return adjust(book, command)
    case 'transfer':
      return transfer(book, command)
  }
}

const causeOf = ({ actor, reason, commandId }: StockCommand) => ({ actor, note: reason, commandId })

const isFull = (book: StockBook, productId: string): boolean => book.linesOf(productId).length >= LOCATIONS_MAX

function set(book: StockBook, command: SetCommand): CommandOutcome {
  const { productId, location, available } = command
  const line = book.lineAt(productId, location)
  if (line?.available === available) return { outcome: 'unchanged' }
  if (!line && isFull(book, productId)) return refused('STOCK_LOCATIONS_LIMIT', { limit: LOCATIONS_MAX })
  book.supply({ productId, location, pieces: available - (line?.available ?? 0) }, 'set', causeOf(command))
  return { outcome: 'applied' }
}

function adjust(book: StockBook, command: AdjustCommand): CommandOutcome {
  const { productId, location, delta } = command
  const line = book.lineAt(productId, location)
  if (!line) return refused('STOCK_NOT_FOUND')
  const { available } = line
  if (available + delta < 0) return refused('STOCK_INSUFFICIENT', { available })
  if (available + delta > AVAILABLE_PIECES_MAX)
    return refused('STOCK_LIMIT', { available, limit: AVAILABLE_PIECES_MAX })
  if (delta === 0) return { outcome: 'unchanged' }
  book.supply({ productId, location, pieces: delta }, 'adjusted', causeOf(command))
  return { outcome: 'applied' }
}

function transfer(book: StockBook, command: TransferCommand): CommandOutcome {
  const { productId, from, to, quantity } = command
  if (from === to) return refused('TRANSFER_TO_ITSELF')
  const source = book.lineAt(productId, from)
  if (!source) return refused('STOCK_NOT_FOUND')
  if (source.available < quantity) return refused('STOCK_INSUFFICIENT', { available: source.available })
  const target = book.lineAt(productId, to)
  if (!target && isFull(book, productId)) return refused('STOCK_LOCATIONS_LIMIT', { limit: LOCATIONS_MAX })
  const there = target?.available ?? 0
  if (there + quantity > AVAILABLE_PIECES_MAX)
    return refused('STOCK_LIMIT', { available: there, limit: AVAILABLE_PIECES_MAX })
  book.supply({ productId, location: from, pieces: -quantity }, 'transferred', causeOf(command))
  book.supply({ productId, location: to, pieces: quantity }, 'transferred', causeOf(command))
  return { outcome: 'applied' }
}
