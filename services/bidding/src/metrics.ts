import { isCanary } from '@gavel/contracts/canary.ts'
import { BoundHistogram, counter, gauge, histogram, type Registry } from '@gavel/platform/metrics.ts'
import { sampledTraceId } from '@gavel/platform/telemetry.ts'
import type { BookMeasures, Committed } from './book/book.ts'
import type { CheckKind } from './ledger-check.ts'
import type { PublisherMeasures } from './publish/publisher.ts'

export interface Measures extends BookMeasures, PublisherMeasures {
  decided: (committed: Committed) => void
  checked: (kind: CheckKind, isWhole: boolean) => void
}

/** Counted once an entry, not once a bid: a counter's labels cost about as much as deciding the bid. */
export function createMeasures(
  registry: Registry,
  clock: () => number,
  current: {
    openAuctions: () => Promise<number>
    brokenLedgers: () => Promise<number>
    held: () => number
    unpublished: () => number
  }
): Measures {
  const bids = counter(registry, {
    name: 'bidding_bids_total',
    help: 'Bids decided, by outcome and code.',
    labelNames: ['outcome', 'code']
  })
  // There before the first bid: whoever scales by it takes a figure that is absent for a fault, and not for zero.
  bids.inc({ outcome: 'accepted', code: '' }, 0)
  const synthetic = counter(registry, {
    name: 'bidding_synthetic_bids_total',
    help: 'Bids of synthetic sales, which are in no other figure of bids, by outcome.',
    labelNames: ['outcome']
  })
  const entryBids = histogram(registry, {
    name: 'bidding_entry_bids',
    help: 'Bids in one ledger entry.',
    buckets: [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2000]
  })
  const commit = new BoundHistogram(registry, {
    name: 'bidding_commit_duration_seconds',
    help: 'From a decision to its durable entry.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
  }).series({})
  const conflicts = counter(registry, {
    name: 'bidding_conflicts_total',
    help: 'Decisions made again: the sequence number was taken, or a bid was in the ledger already.',
    labelNames: ['kind']
  })
  const published = counter(registry, {
    name: 'bidding_published_entries_total',
    help: 'Ledger entries acknowledged by the broker.'
  })
  const failed = counter(registry, {
    name: 'bidding_publish_failures_total',
    help: 'Rounds of publishing that failed.'
  })
  const lag = histogram(registry, {
    name: 'bidding_publish_lag_seconds',
    help: 'From a decision to the broker’s acknowledgement, of each round’s oldest entry.',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120, 600]
  })
  gauge(registry, {
    name: 'bidding_unpublished_auctions',
    help: 'Auctions with entries that this process has yet to publish.',
    collect() {
      this.set(current.unpublished())
    }
  })
  const checks = counter(registry, {
    name: 'bidding_ledger_checks_total',
    help: 'Ledgers verified as they are stored: whole after the close, and samples of all.',
    labelNames: ['kind', 'outcome']
  })
  for (const kind of ['whole', 'sample']) for (const outcome of ['verified', 'broken']) checks.inc({ kind, outcome }, 0)
  gauge(registry, {
    name: 'bidding_broken_ledgers',
    help: 'Ledgers that do not verify, in all processes. Always 0.',
    async collect() {
      this.set(await current.brokenLedgers().catch(() => Number.NaN))
    }
  })
  gauge(registry, {
    name: 'bidding_held_auctions',
    help: 'Auctions in this process’s memory.',
    collect() {
      this.set(current.held())
    }
  })
  gauge(registry, {
    name: 'bidding_open_auctions',
    help: 'Auctions that are not closed, in all processes.',
    async collect() {
      this.set(await current.openAuctions().catch(() => Number.NaN))
    }
  })
  return {
    committed: (count, waitMs) => {
      entryBids.observe(count)
      commit.observe(waitMs / 1000, sampledTraceId())
    },
    conflict: (kind) => conflicts.inc({ kind }),
    decided: ({ terms, draft }) => {
      if (isCanary(terms.auctionId)) {
        for (const { code } of draft.entry.bids ?? [])
          synthetic.inc({ outcome: code === undefined ? 'accepted' : 'refused' })
        return
      }
      const counts = new Map<string, number>()
      for (const { code = '' } of draft.entry.bids ?? []) counts.set(code, (counts.get(code) ?? 0) + 1)
      for (const [code, count] of counts) bids.inc({ outcome: code === '' ? 'accepted' : 'refused', code }, count)
    },
    published: (entries, oldestAt) => {
      published.inc(entries)
      lag.observe(Math.max(0, clock() - oldestAt) / 1000)
    },
    failed: () => failed.inc(),
    checked: (kind, isWhole) => checks.inc({ kind, outcome: isWhole ? 'verified' : 'broken' })
  }
}
