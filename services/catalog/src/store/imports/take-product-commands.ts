import type { Pool } from '@gavel/platform/postgres/pool.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import { takeNew } from '@gavel/platform/postgres/inbox.ts'
import { errors } from '@gavel/contracts/errors.ts'
import type { productCommands } from '@gavel/contracts/topics.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import type { ProductCommand, ProductOutcome } from '../../domain/product-command.ts'
import { applyProductCommandsIn } from '../apply-product-commands.ts'
import { settle, type Settled } from './settle.ts'

type CommandEvent = IncomingEvent<(typeof productCommands.events)[number]>

function commandOf(event: CommandEvent): ProductCommand {
  const { productId, actor } = event.data
  switch (event.name) {
    case 'AddProduct':
      return { kind: 'add', productId, actor, fields: event.data.fields }
    case 'PutProduct':
      return { kind: 'put', productId, actor, fields: event.data.fields }
    case 'ChangeProduct':
      return { kind: 'change', productId, actor, fields: event.data.fields }
    case 'RemoveProduct':
      return { kind: 'remove', productId, actor }
  }
}

/** Carries out the commands of a batch that are new, and writes into their imports what became of them, all in one transaction. */
export async function takeProductCommands(
  pool: Pool,
  batch: { group: string; events: readonly CommandEvent[] },
  now: number
): Promise<{ outcomes: ProductOutcome[]; settled: Settled }> {
  return await transaction(pool, async (client) => {
    const fresh = await takeNew(client, batch.group, batch.events)
    const outcomes = await applyProductCommandsIn(client, fresh.map(commandOf), now)
    const settled = await settle(
      client,
      'item',
      fresh.map(({ data: { importId, line } }, index) => {
        const { outcome, ...more } = outcomes[index]!
        return 'code' in more
          ? { importId, line, outcome, code: more.code, detail: errors[more.code].title }
          : { importId, line, outcome }
      }),
      now
    )
    return { outcomes, settled }
  })
}
