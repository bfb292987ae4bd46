import { windowWidthsMs, type Window } from '@gavel/contracts/api/statistics.ts'
import { aSale, anAuction, aUser, type Told } from './stories.ts'

/** The figures in the plainest way: all events in a list, each window looked at by itself. What the service tells must be this. */

interface Range {
  from: number
  to: number
}
export type Parts = Record<string, number>

interface Bids {
  auctionId: string
  bids: { outcome: string; code?: string }[]
}
interface End {
  sale: {
    orderNumber: string
    productId: string
    currency: string
    totalMinor: number
    quantity: number
    confirmedAt: number
  }
  reason?: string
  createdAt?: number
  failedAt?: number
}

const add = (parts: Parts, name: string, value: number): void => {
  parts[name] = (parts[name] ?? 0) + value
}

export function plainParts(events: readonly Told[], figure: string, { from, to }: Range, subject?: string): Parts {
  const parts: Parts = {}
  for (const { definition, time, data } of events) {
    if (time < from || time >= to) continue
    const { name } = definition
    if (figure === 'registrations' && name === 'UserRegistered') add(parts, (data as { role: string }).role, 1)
    if (figure === 'bids' && name === 'BidsDecided') {
      const { auctionId, bids } = data as Bids
      if (auctionId.startsWith('canary-') || (subject !== undefined && subject !== auctionId)) continue
      for (const { outcome, code } of bids) add(parts, code ?? outcome, 1)
    }
    if (!['SaleConfirmed', 'OrderCreated', 'BidFailed'].includes(name)) continue
    const { sale, reason } = data as End
    if (sale.orderNumber.startsWith('canary-') || sale.currency === 'XTS') continue
    if (subject !== undefined && subject !== sale.productId) continue
    if (figure === 'sales')
      add(parts, name === 'SaleConfirmed' ? 'confirmed' : name === 'OrderCreated' ? 'ordered' : reason!, 1)
    if (figure === 'revenue' && name === 'OrderCreated') add(parts, sale.currency, sale.totalMinor)
    if (figure === 'pieces' && name === 'OrderCreated') add(parts, 'sold', sale.quantity)
  }
  return parts
}

/** How long the sales that ended in a range took, shortest first. */
export const plainDurations = (events: readonly Told[], name: 'OrderCreated' | 'BidFailed', range: Range): number[] =>
  events
    .filter((event) => event.definition.name === name && event.time >= range.from && event.time < range.to)
    .map(({ data }) => data as End)
    .filter(({ sale }) => !sale.orderNumber.startsWith('canary-'))
    .map(({ sale, createdAt, failedAt }) => (createdAt ?? failedAt!) - sale.confirmedAt)
    .toSorted((left, right) => left - right)

/** Every figure of every kind of window, as rows: `figure window start subject label value`. Durations are left to a test of their own. */
export function plainRows(events: readonly Told[]): string[] {
  const rows: string[] = []
  for (const window of Object.keys(windowWidthsMs) as Window[]) {
    const width = windowWidthsMs[window]
    const byStart = Map.groupBy(events, ({ time }) => Math.floor(time / width) * width)
    for (const [start, own] of byStart) {
      for (const figure of window === 'second' ? ['bids'] : ['bids', 'sales', 'revenue', 'pieces', 'registrations']) {
        const subjects = figure === 'registrations' ? [undefined] : [undefined, ...subjectsOf(own)]
        for (const subject of subjects) {
          const parts = plainParts(own, figure, { from: start, to: start + width }, subject)
          for (const [label, value] of Object.entries(parts))
            rows.push(`${figure} ${window} ${start} ${subject ?? '-'} ${label} ${value}`)
        }
      }
    }
  }
  return rows.toSorted()
}

export const subjectsOf = (events: readonly Told[]): string[] => [
  ...new Set(
    events.flatMap(({ data }) => {
      const { auctionId, sale } = data as { auctionId?: string; sale?: { productId: string } }
      return [auctionId, sale?.productId].filter((each) => each !== undefined)
    })
  )
]

/** Auctions, sales and accounts of a few minutes, and synthetic ones among them. */
export function aBusyTime(name: string, count: number, roll: (bound: number) => number): Told[] {
  const products = ['lamp', 'chair', 'vase']
  return Array.from({ length: count }, (_, number) => {
    const sale = {
      productId: products[roll(3)]!,
      quantity: 1 + roll(3),
      totalMinor: 100 * (1 + roll(9)),
      currency: roll(4) === 0 ? 'EUR' : 'USD'
    }
    const canary = { productId: 'canary-lamp', currency: 'XTS' }
    return [
      ...anAuction(`${name}-${number}`, roll),
      ...aSale(`${name}.${number}`, roll, sale),
      ...(number % 3 === 0 ? [aUser(`${name}-${number}`)] : []),
      ...(number % 4 === 0 ? anAuction(`canary-${name}-${number}`, roll) : []),
      ...(number % 4 === 0 ? aSale(`canary-${name}.${number}`, roll, canary) : [])
    ]
  }).flat()
}
