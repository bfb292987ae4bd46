import type { SaleConfirmed } from '@gavel/contracts/events/sale.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import type { Fact } from '../domain/progress.ts'

/** A bid has won: the sale's time begins. */
export const saleConfirmedFact = (_event: IncomingEvent<typeof SaleConfirmed>): Fact => ({ fact: 'sale-confirmed' })
