import type {
  ReservationExpired,
  StockRejected,
  StockReleased,
  StockReleasedV2,
  StockReserved,
  StockReservedV2
} from '@gavel/contracts/events/sale.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import type { Fact } from '../domain/progress.ts'

type Told =
  | typeof StockReserved
  | typeof StockReservedV2
  | typeof StockRejected
  | typeof StockReleased
  | typeof StockReleasedV2
  | typeof ReservationExpired

/** What inventory said of a sale. Where the pieces lie, which is all that the versions differ in, is nothing to an order. */
export function reservationFact(event: IncomingEvent<Told>): Fact {
  switch (event.name) {
    case 'StockReserved':
      return { fact: 'stock-reserved' }
    case 'StockRejected':
      return { fact: 'stock-rejected', reason: event.data.reason }
    case 'StockReleased':
      return { fact: 'stock-released' }
    case 'ReservationExpired':
      return { fact: 'end-asked' }
  }
}
