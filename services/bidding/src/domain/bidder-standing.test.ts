import { expect, test } from 'vitest'
import { bidderStandingOf } from './bidder-standing.ts'

type Seen = Parameters<typeof bidderStandingOf>[0]

const open = (mode: Seen['mode'], leader: string | null): Seen => ({ mode, status: 'open', leader })
const closed = (mode: Seen['mode'], leader: string | null, outcome: Seen['outcome'] & string): Seen => ({
  mode,
  status: 'closed',
  leader,
  outcome
})

test.each<[name: string, seen: Seen, accepted: boolean, standing: string]>([
  ['he leads', open('english', 'ann'), true, 'leading'],
  ['another leads', open('english', 'bob'), true, 'outbid'],
  ['none of his bids was taken, and nobody leads', open('english', null), false, 'outbid'],
  ['it is not open yet', { mode: 'english', status: 'scheduled', leader: null }, false, 'outbid'],
  ['sealed bids, first price', open('sealed-first-price', null), true, 'hidden'],
  ['sealed bids, second price', open('sealed-second-price', null), false, 'hidden'],
  ['it was sold to him', closed('english', 'ann', 'sold'), true, 'won'],
  ['it was sold to another', closed('english', 'bob', 'sold'), true, 'lost'],
  ['he led below the reserve', closed('english', 'ann', 'reserve-not-met'), true, 'lost'],
  ['he led when it was cancelled', closed('english', 'ann', 'cancelled'), true, 'lost'],
  ['his sealed bid won', closed('sealed-second-price', 'ann', 'sold'), true, 'won'],
  ['another’s sealed bid won', closed('sealed-first-price', 'bob', 'sold'), true, 'lost'],
  ['sealed bids that were cancelled', closed('sealed-first-price', null, 'cancelled'), true, 'lost'],
  ['he bought at a fixed price', open('fixed-price', null), true, 'bought'],
  ['he came too late at a fixed price', open('fixed-price', null), false, 'missed'],
  ['what he bought stays his after the close', closed('fixed-price', null, 'sold'), true, 'bought'],
  ['what he missed stays missed', closed('fixed-price', null, 'cancelled'), false, 'missed']
])('%s', (_name, seen, accepted, standing) => {
  expect(bidderStandingOf(seen, { bidder: 'ann', accepted })).toBe(standing)
})
