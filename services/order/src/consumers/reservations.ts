import type { StockRejected, StockReleased, StockReserved } from '@gavel/contracts/events/sale.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import type { Fact } from '../domain/progress.ts'

/** What inventory said of a sale. */
export function reservationFact(
  event: IncomingEvent<typeof StockReserved | typeof StockRejected | typeof StockReleased>
): Fact {
  switch (event.name) {
    case 'StockReserved':
      return { fact: 'stock-reserved' }
    case 'StockRejected':
      return { fact: 'stock-rejected', reason: event.data.reason }
    case 'StockReleased':
      return { fact: 'stock-released' }
  }
}
