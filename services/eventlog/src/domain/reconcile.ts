import type { DifferenceKind } from '@gavel/contracts/api/reconciliation.ts'
import type {
  StatedLedger,
  StatedPayment,
  StatedReservation,
  StatedSale,
  StatedStock
} from '@gavel/contracts/events/statements.ts'
import type { RecordedSaga } from './saga.ts'

/**
 * What a service has, against what the events say that it must have. Only what has come to rest is compared: what changed after `before` may still
 * be on its way from one service to another. An event counts by when the log took it: the time that it carries may be long before it was published. So nothing is reported of a sale in flight, and what stays different is.
 */

export interface FoundDifference {
  /** The id by which the statement is in order. */
  place: string
  subject: string
  kind: DifferenceKind
  expected: string
  found: string
}

export interface Comparison {
  differences: FoundDifference[]
  compared: number
  /** Left for a later round. */
  onTheirWay: string[]
}

type Verdict = Pick<FoundDifference, 'kind' | 'expected' | 'found'> | undefined

/** Goes through the sales of a range that the log knows, and those that the service names besides. */
function compareSales<Item extends { orderNumber: string; changedAt: number }>(
  sagas: readonly RecordedSaga[],
  items: readonly Item[],
  before: number,
  judge: (saga: RecordedSaga, item: Item | undefined) => Verdict,
  describe: (item: Item) => string
): Comparison {
  const comparison: Comparison = { differences: [], compared: 0, onTheirWay: [] }
  const left = new Map(items.map((item) => [item.orderNumber, item]))
  const add = (orderNumber: string, verdict: Verdict): void => {
    comparison.compared += 1
    if (verdict) comparison.differences.push({ place: orderNumber, subject: orderNumber, ...verdict })
  }
  for (const saga of sagas) {
    const { orderNumber } = saga.sale
    const item = left.get(orderNumber)
    left.delete(orderNumber)
    if (saga.recordedAt < before && (!item || item.changedAt < before)) add(orderNumber, judge(saga, item))
    else comparison.onTheirWay.push(orderNumber)
  }
  for (const [orderNumber, item] of left) {
    if (item.changedAt < before)
      add(orderNumber, { kind: 'unknown', expected: 'no such sale in the log', found: describe(item) })
    else comparison.onTheirWay.push(orderNumber)
  }
  return comparison
}

const NONE = 'none'
const oneOf = (expected: readonly string[], found: string): Verdict =>
  expected.includes(found)
    ? undefined
    : { kind: found === NONE ? 'missing' : 'state', expected: expected.join(' or '), found }

/** The states that a reservation may have; undefined where the sale is not over and says nothing of it. */
function reservationStates({ state, stock }: RecordedSaga): string[] | undefined {
  if (state === 'ordered') return ['sold']
  if (state === 'open') return stock === 'reserved' ? ['reserved'] : undefined
  switch (stock) {
    case 'released':
    case 'rejected':
      return [stock]
    case 'waiting':
      return ['closed', NONE]
    case 'reserved':
      // Failed and not given back: reported once, with the sale itself.
      return undefined
  }
}

export const compareReservations = (
  sagas: readonly RecordedSaga[],
  reservations: readonly StatedReservation[],
  before: number
): Comparison =>
  compareSales(
    sagas,
    reservations,
    before,
    (saga, reservation) => {
      const { productId, quantity } = saga.sale
      if (reservation && (reservation.productId !== productId || reservation.quantity !== quantity)) {
        const found = `${reservation.quantity} of ${reservation.productId}`
        return { kind: 'pieces', expected: `${quantity} of ${productId}`, found }
      }
      const states = reservationStates(saga)
      return states && oneOf(states, reservation?.state ?? NONE)
    },
    ({ state, quantity, productId }) => `${state}: ${quantity} of ${productId}`
  )

/** The same of a payment. */
function paymentStates({ state, payment }: RecordedSaga): string[] | undefined {
  if (state === 'ordered') return ['captured']
  if (state === 'open') return payment === 'captured' ? ['captured'] : undefined
  switch (payment) {
    case 'refunded':
    case 'declined':
      return [payment]
    case 'waiting':
      return ['cancelled', NONE]
    case 'captured':
      return undefined
  }
}

const money = (amountMinor: number, currency: string): string => `${amountMinor} ${currency}`

export const comparePayments = (
  sagas: readonly RecordedSaga[],
  payments: readonly StatedPayment[],
  before: number
): Comparison =>
  compareSales(
    sagas,
    payments,
    before,
    (saga, payment) => {
      const { totalMinor, currency } = saga.sale
      if (payment && (payment.amountMinor !== totalMinor || payment.currency !== currency)) {
        const found = money(payment.amountMinor, payment.currency)
        return { kind: 'amount', expected: money(totalMinor, currency), found }
      }
      const states = paymentStates(saga)
      return states && oneOf(states, payment?.status ?? NONE)
    },
    ({ status, amountMinor, currency }) => `${status}: ${money(amountMinor, currency)}`
  )

export const compareEnds = (sagas: readonly RecordedSaga[], sales: readonly StatedSale[], before: number): Comparison =>
  compareSales(
    sagas,
    sales,
    before,
    ({ state, stock, payment, sale }, stated) => {
      if (!stated) return { kind: 'missing', expected: state, found: NONE }
      if (state === 'open' || state === 'compensating') {
        if (state === 'open' && stated.status !== 'open')
          return { kind: 'state', expected: 'open', found: stated.status }
        return { kind: 'unfinished', expected: 'over', found: `${state}: stock ${stock}, payment ${payment}` }
      }
      if (stated.status !== state) return { kind: 'state', expected: state, found: stated.status }
      if (state === 'failed' && stated.orderedMinor !== undefined)
        return { kind: 'unknown', expected: 'no order of a sale that failed', found: String(stated.orderedMinor) }
      if (state === 'ordered' && stated.orderedMinor === undefined)
        return { kind: 'missing', expected: 'its order', found: NONE }
      if (state === 'ordered' && stated.orderedMinor !== sale.totalMinor)
        return { kind: 'amount', expected: String(sale.totalMinor), found: String(stated.orderedMinor) }
      return undefined
    },
    ({ status }) => status
  )

export interface KnownSale {
  auctionId: string
  orderNumber: string
  recordedAt: number
}

/** The sales that ledgers hold, against those that the log knows. */
export function compareLedgers(
  known: readonly KnownSale[],
  ledgers: readonly StatedLedger[],
  before: number
): Comparison {
  const comparison: Comparison = { differences: [], compared: 0, onTheirWay: [] }
  const byAuction = Map.groupBy(known, ({ auctionId }) => auctionId)
  const left = new Map(byAuction)
  for (const { auctionId, saleCount, offeredSales, changedAt } of ledgers) {
    const sales = left.get(auctionId) ?? []
    left.delete(auctionId)
    if (changedAt >= before || sales.some(({ recordedAt }) => recordedAt >= before)) {
      comparison.onTheirWay.push(auctionId)
      continue
    }
    comparison.compared += 1
    const numbers = [...Array.from({ length: saleCount }, (_, index) => index + 1), ...offeredSales]
    const held = new Set(numbers.map((number) => `${auctionId}.${number}`))
    for (const { orderNumber } of sales) {
      if (!held.delete(orderNumber))
        comparison.differences.push({
          place: auctionId,
          subject: orderNumber,
          kind: 'missing',
          expected: 'a sale',
          found: NONE
        })
    }
    for (const subject of held)
      comparison.differences.push({
        place: auctionId,
        subject,
        kind: 'unknown',
        expected: 'no such sale in the log',
        found: 'a sale'
      })
  }
  for (const [auctionId, sales] of left) {
    if (sales.some(({ recordedAt }) => recordedAt >= before)) comparison.onTheirWay.push(auctionId)
    else {
      comparison.compared += 1
      comparison.differences.push({
        place: auctionId,
        subject: auctionId,
        kind: 'missing',
        expected: `the ledger of ${sales.length} sales`,
        found: NONE
      })
    }
  }
  return comparison
}

/** What the log last heard of the stock of a product at a location. */
export interface ToldStock {
  location: string
  available: number
  reserved: number
  sold: number
  version: number
  recordedAt: number
}

/** What the log's sales say of a product. */
export interface ProductSales {
  orderedPieces: number
  /** When the log took the latest event of any of its sales. */
  recordedAt: number
}

type Figures = Pick<ToldStock, 'available' | 'reserved' | 'sold' | 'version'>
const figures = ({ available, reserved, sold, version }: Figures): string =>
  `${available} available, ${reserved} reserved, ${sold} sold (version ${version})`

export function compareStock(
  products: readonly StatedStock[],
  told: ReadonlyMap<string, readonly ToldStock[]>,
  sales: ReadonlyMap<string, ProductSales>,
  before: number
): Comparison {
  const comparison: Comparison = { differences: [], compared: 0, onTheirWay: [] }
  const stated = new Set(products.map(({ productId }) => productId))
  for (const product of products) {
    const { productId } = product
    comparison.compared += 1
    const add = (difference: Omit<FoundDifference, 'place' | 'kind'>): void => {
      comparison.differences.push({ place: productId, kind: 'pieces', ...difference })
    }
    for (const [subject, verdict] of stockVerdicts(product, told.get(productId) ?? [], sales.get(productId), before))
      add({ subject, ...verdict })
  }
  for (const [productId, { orderedPieces, recordedAt }] of sales) {
    if (stated.has(productId) || orderedPieces === 0) continue
    if (recordedAt >= before) comparison.onTheirWay.push(productId)
    else
      comparison.differences.push({
        place: productId,
        subject: productId,
        kind: 'missing',
        expected: `${orderedPieces} sold`,
        found: NONE
      })
  }
  return comparison
}

function* stockVerdicts(
  { productId, locations, heldFor, soldTo }: StatedStock,
  told: readonly ToldStock[],
  sales: ProductSales | undefined,
  before: number
): Generator<[string, { expected: string; found: string }]> {
  const sum = (member: 'reserved' | 'sold'): number => locations.reduce((total, each) => total + each[member], 0)
  const [reserved, sold] = [sum('reserved'), sum('sold')]
  // Read in one moment: these hold at any time, whatever is on its way.
  if (reserved !== heldFor || sold !== soldTo)
    yield [
      `${productId} reservations`,
      {
        expected: `${heldFor} held and ${soldTo} sold by its reservations`,
        found: `${reserved} reserved, ${sold} sold`
      }
    ]
  if (sales && sales.recordedAt < before && sales.orderedPieces !== sold)
    yield [`${productId} orders`, { expected: `${sales.orderedPieces} sold by its orders`, found: `${sold} sold` }]
  const byLocation = new Map(told.map((each) => [each.location, each]))
  for (const stock of locations) {
    const last = byLocation.get(stock.location)
    const subject = `${productId} ${stock.location}`
    if (!last) {
      if (stock.changedAt < before) yield [subject, { expected: 'a change of it in the log', found: figures(stock) }]
      continue
    }
    const sameVersion = last.version === stock.version
    // A change that the log has not heard of, or that the database has lost.
    const atRest = last.version < stock.version ? stock.changedAt < before : last.recordedAt < before
    if ((sameVersion || atRest) && figures(last) !== figures(stock))
      yield [subject, { expected: figures(last), found: figures(stock) }]
  }
}
