import { orders, saleConfirmed } from '@gavel/contracts/topics.ts'
import type { KafkaHandle } from '@gavel/platform/kafka/client.ts'
import { startConsumer } from '@gavel/platform/kafka/consumer.ts'
import type { ConsumerParts } from './consumers/parts.ts'
import { createOnSaleConfirmed } from './consumers/sale-confirmed.ts'
import { createOnSaleEnded } from './consumers/sale-ended.ts'
import { startSweep } from './sweep.ts'

/** Inventory's part in every sale. */
export async function startSaga(kafka: KafkaHandle, parts: ConsumerParts): Promise<void> {
  await startConsumer(parts.context, kafka, { topic: saleConfirmed, handleBatch: createOnSaleConfirmed(parts) })
  await startConsumer(parts.context, kafka, { topic: orders, handleBatch: createOnSaleEnded(parts) })
  startSweep(parts)
}
