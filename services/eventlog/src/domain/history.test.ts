import * as fc from 'fast-check'
import type { RecordedEvent } from '@gavel/contracts/api/eventlog.ts'
import { expect, test } from 'vitest'
import { aProduct, aSale, anAuction, dice, type Told } from '../../test/stories.ts'
import { auctionAt, foldAuction, untoldAuction } from './auction-history.ts'
import { foldProduct, productAt, untoldProduct } from './product-history.ts'
import { foldSale, saleAt, untoldSale } from './sale-history.ts'

/** Topics are recorded independently: any mixing of them that keeps each topic's own order must tell the same story. */

const asRecorded = (events: readonly Told[]): RecordedEvent[] =>
  events.map(({ topic, definition, id, ...event }, index) => ({
    ...event,
    eventId: id,
    type: definition.type,
    topic: topic.name,
    partition: 0,
    offset: index,
    position: index + 1,
    recordedAt: event.time,
    data: event.data as Record<string, unknown>,
    previousHash: '',
    hash: ''
  }))

/** Takes the next event of whichever topic the numbers name, until none is left. */
function mixed(events: readonly RecordedEvent[], choices: readonly number[]): RecordedEvent[] {
  const queues = [...Map.groupBy(events, ({ topic }) => topic).values()].map((queue) => [...queue])
  return events.map((_, index) => {
    const open = queues.filter((queue) => queue.length > 0)
    return open[(choices[index] ?? 0) % open.length]!.shift()!
  })
}

const stories = {
  auction: {
    tell: (roll: (bound: number) => number) => anAuction('a', roll),
    fold: (events: RecordedEvent[]) => auctionAt(events.reduce(foldAuction, untoldAuction('a')), 0)
  },
  sale: {
    tell: (roll: (bound: number) => number) => aSale('a.1', roll),
    fold: (events: RecordedEvent[]) => saleAt(events.reduce(foldSale, untoldSale('a.1')), 0)
  },
  product: {
    tell: (roll: (bound: number) => number) => aProduct('p', roll),
    fold: (events: RecordedEvent[]) => productAt(events.reduce(foldProduct, untoldProduct('p')), 0)
  }
}

test.each(Object.entries(stories))('%s: the order in which topics were recorded tells nothing', (_, { tell, fold }) => {
  fc.assert(
    fc.property(fc.nat(), fc.array(fc.nat(7), { maxLength: 30 }), (seed, choices) => {
      const events = asRecorded(tell(dice(seed)))
      expect(fold(mixed(events, choices))).toEqual(fold(events))
    }),
    { numRuns: 200 }
  )
})
