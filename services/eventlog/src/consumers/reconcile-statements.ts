import { setTimeout as delay } from 'node:timers/promises'
import {
  LedgersStated,
  PaymentsStated,
  ReservationsStated,
  SalesStated,
  StockStated
} from '@gavel/contracts/events/statements.ts'
import { auctions, orders, payments, reservations, saleConfirmed, statements, stock } from '@gavel/contracts/topics.ts'
import type { KafkaHandle } from '@gavel/platform/kafka/client.ts'
import { startConsumer, type IncomingEvent, type RunningConsumer } from '@gavel/platform/kafka/consumer.ts'
import { createReadUpTo, type ReadUpTo } from '@gavel/platform/kafka/read-up-to.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Pool } from 'pg'
import type { EventlogMetrics } from '../metrics.ts'
import { readHead } from '../store/read-events.ts'
import { readFreshness } from '../store/read-statistics.ts'
import { reconcile, type Stated } from '../store/reconcile.ts'

/** What the sagas and the stock of the log are made of. */
const compared = [saleConfirmed, reservations, payments, orders, stock, auctions]

function statedBy(event: IncomingEvent<(typeof statements)['events'][number]>): Stated {
  switch (event.name) {
    case LedgersStated.name:
      return { name: 'ledgers', data: event.data }
    case ReservationsStated.name:
      return { name: 'reservations', data: event.data }
    case StockStated.name:
      return { name: 'stock', data: event.data }
    case PaymentsStated.name:
      return { name: 'payments', data: event.data }
    case SalesStated.name:
      return { name: 'sales', data: event.data }
  }
}

const LOOKS = 20
const LOOK_MS = 100

/**
 * Answers whether everything that was published before a moment is in the log and in the sagas, and looks for a while until it is. What was shown
 * once is remembered, so that a page that had to wait costs nothing.
 */
function createIsTold(pool: Pool, readUpTo: ReadUpTo): (at: number) => Promise<boolean> {
  let shown = 0
  /** Recorded up to a moment; counts once the sagas have come to where the log was then. */
  let recorded: { at: number; position: number } | undefined
  let looking: Promise<void> | undefined
  const look = async (): Promise<void> => {
    if (!recorded) {
      const at = await readUpTo()
      if (at !== undefined) recorded = { at, position: (await readHead(pool)).position }
    }
    if (recorded && (await readFreshness(pool)).position >= recorded.position) {
      shown = recorded.at
      recorded = undefined
    }
  }
  return async (at) => {
    for (let looks = 0; shown < at && looks < LOOKS; looks += 1) {
      if (looks > 0) await delay(LOOK_MS)
      // Partitions that wait at the same time look once.
      await (looking ??= look().finally(() => {
        looking = undefined
      }))
    }
    return shown >= at
  }
}

/** Compares what services tell of their databases with the log, page by page as it comes. */
export async function reconcileStatements(
  context: ServiceContext,
  { kafka, pool, metrics, afterMs }: { kafka: KafkaHandle; pool: Pool; metrics: EventlogMetrics; afterMs: number }
): Promise<RunningConsumer> {
  const isTold = createIsTold(pool, createReadUpTo(kafka, compared))
  return await startConsumer(context, kafka, {
    topic: statements,
    // Yesterday's pages tell nothing of today.
    from: 'end',
    // A page may have to wait for the log.
    batchSize: 10,
    handleBatch: async (events) => {
      for (const event of events) {
        // Where the log stays behind, nothing can be said; the page comes again in the next round.
        if (!(await isTold(event.time))) continue
        const stated = statedBy(event)
        const comparison = await reconcile(pool, stated, {
          before: stated.data.asOf - afterMs,
          now: context.clock()
        })
        metrics.reconciled(stated.name, comparison.compared)
      }
    }
  })
}
