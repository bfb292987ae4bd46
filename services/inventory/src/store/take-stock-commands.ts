import { randomUUID } from 'node:crypto'
import { ANSWERS_MAX, CommandsAnswered } from '@gavel/contracts/events/commands.ts'
import type { DataOf } from '@gavel/contracts/define.ts'
import { errors } from '@gavel/contracts/errors.ts'
import { commandAnswers, type stockCommands } from '@gavel/contracts/topics.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import type { OutgoingEvent } from '@gavel/platform/kafka/producer.ts'
import { takeNew } from '@gavel/platform/postgres/inbox.ts'
import { appendToOutbox } from '@gavel/platform/postgres/outbox.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Pool } from 'pg'
import type { StockCommand } from '../domain/commands.ts'
import { applyCommandsIn, type CommandResult } from './apply-commands.ts'

type CommandEvent = IncomingEvent<(typeof stockCommands.events)[number]>
type Answer = DataOf<typeof CommandsAnswered>['answers'][number]

function commandOf(event: CommandEvent): StockCommand {
  const { productId, commandId, actor, location, reason } = event.data
  const common = { commandId, productId, location, reason, actor }
  return event.name === 'SetStock'
    ? { kind: 'set', available: event.data.available, ...common }
    : { kind: 'adjust', delta: event.data.delta, ...common }
}

function answerTo({ data: { line } }: CommandEvent, result: CommandResult): Answer {
  if (result.outcome === 'refused')
    return { line, outcome: 'refused', code: result.code, detail: errors[result.code].title }
  // What was carried out before is told as it was then.
  return { line, outcome: result.outcome === 'unchanged' ? 'unchanged' : 'applied' }
}

function answersOf(events: readonly CommandEvent[], results: readonly CommandResult[], now: number): OutgoingEvent[] {
  const answered = events.map((event, index) => ({ event, answer: answerTo(event, results[index]!) }))
  return [...Map.groupBy(answered, ({ event }) => event.data.importId)].flatMap(([importId, ofImport]) =>
    Array.from({ length: Math.ceil(ofImport.length / ANSWERS_MAX) }, (_, page) => ({
      definition: CommandsAnswered,
      id: randomUUID(),
      key: importId,
      subject: importId,
      source: 'inventory',
      time: now,
      data: {
        importId,
        answers: ofImport.slice(page * ANSWERS_MAX, (page + 1) * ANSWERS_MAX).map(({ answer }) => answer)
      }
    }))
  )
}

/** Carries out the commands of a batch that are new, and answers them, all in one transaction. */
export function takeStockCommands(
  pool: Pool,
  batch: { group: string; events: readonly CommandEvent[] },
  now: number
): Promise<{ kind: StockCommand['kind']; outcome: CommandResult['outcome'] }[]> {
  return transaction(pool, async (client) => {
    const fresh = await takeNew(client, batch.group, batch.events)
    if (fresh.length === 0) return []
    const commands = fresh.map(commandOf)
    const results = await applyCommandsIn(client, commands, now)
    await appendToOutbox(client, commandAnswers, answersOf(fresh, results, now))
    return commands.map(({ kind }, index) => ({ kind, outcome: results[index]!.outcome }))
  })
}
