import type { RecordedEvent } from '@gavel/contracts/api/eventlog.ts'
import { windowWidthsMs, type Figure, type Window } from '@gavel/contracts/api/statistics.ts'
import { BidsDecided } from '@gavel/contracts/events/bidding.ts'
import { UserRegistered, UserRegisteredWithAddress } from '@gavel/contracts/events/identity.ts'
import { BidFailed, OrderCreated, SaleConfirmed } from '@gavel/contracts/events/sale.ts'
import type { Sale } from '@gavel/contracts/primitives.ts'
import { dataIf } from './fold.ts'
import { bucketOf } from './quantiles.ts'
import { isCanary, isSynthetic } from '@gavel/contracts/canary.ts'
import { windowStart } from './windows.ts'

/**
 * What an event adds to which figures. Sums and nothing else: they give the same in whichever order events come, so a late one
 * needs no care, and its window is right as soon as it is counted.
 */

/** Raised where the fold counts or tells otherwise than before: figures and sagas are then made anew from the whole log. */
export const FOLD_VERSION = 3

/** The events that anything is counted of. */
export const countedTypes: readonly string[] = [
  BidsDecided,
  SaleConfirmed,
  OrderCreated,
  BidFailed,
  UserRegisteredWithAddress,
  UserRegistered
].map(({ type }) => type)

export type StoredFigure = Figure | 'saga-durations'

interface Addition {
  figure: StoredFigure
  /** Empty: of all. */
  subject: string
  label: string
  value: number
}

/** What one window of one figure grows by. */
export interface Growth extends Addition {
  window: Window
  start: number
}

/** How far back windows may still grow; what is older is not kept. */
export type KeptFrom = Partial<Record<Window, number>>

/** The same of one subject and of all. */
const ofBoth = (subject: string, figure: StoredFigure, label: string, value: number): Addition[] => [
  { figure, subject: '', label, value },
  { figure, subject, label, value }
]

function additionsOf(event: RecordedEvent): Addition[] {
  const decided = dataIf(BidsDecided, event)
  if (decided) {
    if (isCanary(decided.auctionId)) return []
    return decided.bids.flatMap(({ outcome, code }) =>
      ofBoth(decided.auctionId, 'bids', outcome === 'accepted' ? outcome : (code ?? outcome), 1)
    )
  }
  const registered = dataIf(UserRegistered, event) ?? dataIf(UserRegisteredWithAddress, event)
  if (registered) return [{ figure: 'registrations', subject: '', label: registered.role, value: 1 }]
  const { sale } = event.data as { sale?: Sale }
  return sale && !isSynthetic(sale) ? additionsOfSale(sale, event) : []
}

function additionsOfSale(sale: Sale, event: RecordedEvent): Addition[] {
  const { productId } = sale
  if (dataIf(SaleConfirmed, event)) return ofBoth(productId, 'sales', 'confirmed', 1)
  const created = dataIf(OrderCreated, event)
  if (created) {
    return [
      ...ofBoth(productId, 'sales', 'ordered', 1),
      ...ofBoth(productId, 'revenue', sale.currency, sale.totalMinor),
      ...ofBoth(productId, 'pieces', 'sold', sale.quantity),
      duration('ordered', created.createdAt - sale.confirmedAt)
    ]
  }
  const failed = dataIf(BidFailed, event)
  if (failed) {
    return [...ofBoth(productId, 'sales', failed.reason, 1), duration('failed', failed.failedAt - sale.confirmedAt)]
  }
  return []
}

const duration = (outcome: 'ordered' | 'failed', durationMs: number): Addition => ({
  figure: 'saga-durations',
  subject: '',
  label: `${outcome}:${bucketOf(durationMs)}`,
  value: 1
})

const all = Object.keys(windowWidthsMs) as Window[]
const withoutSeconds = all.filter((window) => window !== 'second')

/** What a run of events adds, one entry for each window and part, in an order of its own that is always the same. */
export function growthOf(events: readonly RecordedEvent[], keptFrom: KeptFrom): Growth[] {
  const growth = new Map<string, Growth>()
  for (const event of events) {
    for (const addition of additionsOf(event)) {
      for (const window of addition.figure === 'bids' ? all : withoutSeconds) {
        const start = windowStart(window, event.time)
        if (start < (keptFrom[window] ?? 0)) continue
        const key = `${addition.figure}\n${window}\n${start}\n${addition.subject}\n${addition.label}`
        const known = growth.get(key)
        if (known) known.value += addition.value
        else growth.set(key, { ...addition, window, start })
      }
    }
  }
  // Writers lock windows in this order, so that two cannot wait for each other.
  return [...growth].toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, each]) => each)
}
