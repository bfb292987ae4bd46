import type { PaymentCaptured, PaymentDeclined, PaymentRefunded } from '@gavel/contracts/events/sale.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import type { Fact } from '../domain/progress.ts'

/** What payment said of a sale. */
export function paymentFact(
  event: IncomingEvent<typeof PaymentCaptured | typeof PaymentDeclined | typeof PaymentRefunded>
): Fact {
  switch (event.name) {
    case 'PaymentCaptured':
      return { fact: 'payment-captured', paymentId: event.data.paymentId }
    case 'PaymentDeclined':
      return { fact: 'payment-declined', reason: event.data.reason }
    case 'PaymentRefunded':
      return { fact: 'payment-refunded' }
  }
}
