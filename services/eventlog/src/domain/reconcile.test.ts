import type { StatedPayment, StatedReservation, StatedSale, StatedStock } from '@gavel/contracts/events/statements.ts'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aSale, dice, START, type Told } from '../../test/stories.ts'
import {
  compareEnds,
  compareLedgers,
  comparePayments,
  compareReservations,
  compareStock,
  type ToldStock
} from './reconcile.ts'
import { sagaOf, type RecordedSaga } from './saga.ts'

/** Services that did what their events say, and then one of them altered by hand. */

const LATER = START + 1_000_000
const recorded = (events: readonly Told[]) =>
  events.map(({ definition, id, topic, data, ...event }, index) => ({
    ...event,
    eventId: id,
    type: definition.type,
    topic: topic.name,
    partition: 0,
    offset: index,
    position: index + 1,
    recordedAt: event.time,
    data: data as Record<string, unknown>,
    previousHash: '',
    hash: ''
  }))
const sagaAfter = (events: readonly Told[]): RecordedSaga => ({
  ...sagaOf('a.1', recorded(events))!,
  recordedAt: Math.max(...events.map(({ time }) => time))
})

/** What inventory, payment and order have in their tables when these events have been told and handled. */
function tablesAfter(events: readonly Told[]) {
  const names = events.map(({ definition }) => definition.name)
  const has = (name: string): boolean => names.includes(name)
  const { sale } = sagaAfter(events)
  const common = { orderNumber: sale.orderNumber, changedAt: events.at(-1)!.time }
  const reservation = has('StockReleased')
    ? 'released'
    : has('StockRejected')
      ? 'rejected'
      : has('OrderCreated')
        ? 'sold'
        : has('StockReserved')
          ? 'reserved'
          : has('BidFailed')
            ? 'closed'
            : undefined
  const payment = has('PaymentRefunded')
    ? ('refunded' as const)
    : has('PaymentDeclined')
      ? ('declined' as const)
      : has('PaymentCaptured')
        ? ('captured' as const)
        : undefined
  const stated: { reservations: StatedReservation[]; payments: StatedPayment[]; sales: StatedSale[] } = {
    reservations: reservation
      ? [{ ...common, productId: sale.productId, quantity: sale.quantity, state: reservation }]
      : [],
    payments: payment ? [{ ...common, status: payment, amountMinor: sale.totalMinor, currency: sale.currency }] : [],
    sales: [
      {
        ...common,
        status: has('OrderCreated') ? 'ordered' : has('BidFailed') ? 'failed' : 'open',
        ...(has('OrderCreated') && { orderedMinor: sale.totalMinor })
      }
    ]
  }
  return stated
}
const story = fc.nat().map((seed) => aSale('a.1', dice(seed)))

test('services that are what their events say differ in nothing', () => {
  fc.assert(
    fc.property(story, (events) => {
      const sagas = [sagaAfter(events)]
      const { reservations, payments, sales } = tablesAfter(events)
      for (const { differences, compared } of [
        compareReservations(sagas, reservations, LATER),
        comparePayments(sagas, payments, LATER),
        compareEnds(sagas, sales, LATER)
      ])
        expect([differences, compared]).toEqual([[], 1])
    })
  )
})

test('a sale in flight is never reported, however far each service and the log have come', () => {
  const moment = fc.integer({ min: START, max: START + 30_000 })
  fc.assert(
    fc.property(story, fc.tuple(moment, moment, moment), fc.nat(500), (events, moments, grace) => {
      const [logged, inventory, others] = moments.map((at) => events.filter(({ time }) => time <= at))
      const before = Math.min(...moments) - grace
      const sagas = logged!.length > 0 ? [sagaAfter(logged!)] : []
      const { sales, payments } = others!.length > 0 ? tablesAfter(others!) : { sales: [], payments: [] }
      const { reservations } = inventory!.length > 0 ? tablesAfter(inventory!) : { reservations: [] }
      for (const { differences } of [
        compareReservations(sagas, reservations, before),
        comparePayments(sagas, payments, before),
        compareEnds(sagas, sales, before)
      ])
        // One that stands still in the middle for long is no sale in flight.
        expect(differences.filter(({ kind }) => kind !== 'unfinished')).toEqual([])
    }),
    { numRuns: 500 }
  )
})

/** The first story of the kind wanted. */
const find = (kind: string): Told[] => {
  for (let seed = 0; ; seed += 1) {
    const events = aSale('a.1', dice(seed))
    if (events.some(({ definition }) => definition.name === kind)) return events
  }
}

describe('a fault is named', () => {
  const ordered = find('OrderCreated')
  const sagas = [sagaAfter(ordered)]
  const tables = tablesAfter(ordered)
  const [reservation, payment, sale] = [tables.reservations[0]!, tables.payments[0]!, tables.sales[0]!]

  test.each([
    ['a payment that was deleted', comparePayments(sagas, [], LATER), 'missing', 'captured', 'none'],
    [
      'a payment of another amount',
      comparePayments(sagas, [{ ...payment, amountMinor: 1 }], LATER),
      'amount',
      '250 USD',
      '1 USD'
    ],
    [
      'a payment that was given back',
      comparePayments(sagas, [{ ...payment, status: 'refunded' }], LATER),
      'state',
      'captured',
      'refunded'
    ],
    [
      'a reservation released under an order',
      compareReservations(sagas, [{ ...reservation, state: 'released' }], LATER),
      'state',
      'sold',
      'released'
    ],
    [
      'a reservation of more pieces',
      compareReservations(sagas, [{ ...reservation, quantity: 7 }], LATER),
      'pieces',
      '1 of lamp',
      '7 of lamp'
    ],
    ['a sale that is gone', compareEnds(sagas, [], LATER), 'missing', 'ordered', 'none'],
    [
      'an order that is gone',
      compareEnds(sagas, [{ ...sale, orderedMinor: undefined } as never], LATER),
      'missing',
      'its order',
      'none'
    ],
    [
      'an end that is another',
      compareEnds(sagas, [{ ...sale, status: 'failed' }], LATER),
      'state',
      'ordered',
      'failed'
    ],
    [
      'a payment that no event told of',
      comparePayments([], [payment], LATER),
      'unknown',
      'no such sale in the log',
      'captured: 250 USD'
    ]
  ])('%s', (_, { differences }, kind, expected, found) => {
    expect(differences).toEqual([{ place: 'a.1', subject: 'a.1', kind, expected, found }])
  })

  test('a sale that does not end, and one that gives nothing back', () => {
    const open = sagaAfter(ordered.slice(0, 2))
    expect(compareEnds([open], [{ ...sale, status: 'open' }], LATER).differences).toMatchObject([
      { kind: 'unfinished', found: 'open: stock reserved, payment waiting' }
    ])
    const failed = find('PaymentRefunded').filter(({ definition }) => definition.name !== 'PaymentRefunded')
    const owing = sagaAfter(failed)
    expect(compareEnds([owing], [{ ...sale, status: 'failed' }], LATER).differences).toMatchObject([
      { kind: 'unfinished', found: 'compensating: stock released, payment captured' }
    ])
  })

  test('sales that a ledger holds and nobody heard of, or that no ledger holds', () => {
    const known = [1, 2, 5].map((n) => ({ auctionId: 'a', orderNumber: `a.${n}`, recordedAt: START }))
    const ledger = { auctionId: 'a', sequence: 9, saleCount: 2, offeredSales: [5], changedAt: START }
    expect(compareLedgers(known, [ledger], LATER)).toEqual({ differences: [], compared: 1, onTheirWay: [] })
    expect(compareLedgers(known, [{ ...ledger, saleCount: 3, offeredSales: [] }], LATER).differences).toMatchObject([
      { subject: 'a.5', kind: 'missing' },
      { subject: 'a.3', kind: 'unknown' }
    ])
    expect(compareLedgers(known, [], LATER).differences).toMatchObject([{ subject: 'a', kind: 'missing' }])
    expect(compareLedgers(known, [{ ...ledger, saleCount: 3, changedAt: LATER }], LATER).onTheirWay).toEqual(['a'])
  })

  test('stock that is not what its reservations, its orders or its last change say', () => {
    const figures = { location: 'main', available: 5, reserved: 1, sold: 3, version: 4 }
    const stated = { ...figures, changedAt: START }
    const last: ToldStock = { ...figures, recordedAt: START }
    const product: StatedStock = { productId: 'lamp', locations: [stated], heldFor: 1, soldTo: 3 }
    const told = new Map([['lamp', [last]]])
    const sales = new Map([['lamp', { orderedPieces: 3, recordedAt: START }]])
    const differences = (products: StatedStock[], before = LATER) =>
      compareStock(products, told, sales, before).differences
    expect(differences([product])).toEqual([])
    const altered = { ...stated, available: 50 }
    expect(differences([{ ...product, locations: [altered] }])).toMatchObject([
      { subject: 'lamp main', kind: 'pieces', found: '50 available, 1 reserved, 3 sold (version 4)' }
    ])
    expect(differences([{ ...product, heldFor: 2 }])).toMatchObject([{ subject: 'lamp reservations' }])
    expect(differences([{ ...product, soldTo: 4, locations: [{ ...stated, sold: 4, version: 5 }] }])).toMatchObject([
      { subject: 'lamp orders', expected: '3 sold by its orders' },
      { subject: 'lamp main' }
    ])
    // The change was made a moment ago, and the log has not heard of it yet.
    const fresh = { ...stated, available: 4, version: 5, changedAt: START + 10 }
    expect(differences([{ ...product, locations: [fresh] }], START + 5)).toEqual([])
    expect(differences([])).toMatchObject([{ subject: 'lamp', kind: 'missing' }])
  })
})
