import { randomUUID } from 'node:crypto'
import { Type } from 'typebox'
import { defineEvent, type TopicDefinition } from '@gavel/contracts/define.ts'
import type { OutgoingEvent } from '@gavel/platform/kafka/producer.ts'

/** Events and a topic that stand for any. */
export const Counted = defineEvent(
  'Counted',
  1,
  'A number was counted.',
  Type.Object({ number: Type.Integer() }, { additionalProperties: false })
)
export const Named = defineEvent(
  'Named',
  1,
  'A name was given.',
  Type.Object({ name: Type.String({ maxLength: 20 }) }, { additionalProperties: false })
)

export const facts = {
  name: 'facts',
  owner: 'platform',
  events: [Counted, Named],
  key: 'key',
  keyReason: 'tests count in order',
  partitions: 3,
  retentionMs: 3_600_000
} as const satisfies TopicDefinition

export const counted = (number: number, key = 'one', id: string = randomUUID()): OutgoingEvent<typeof Counted> => ({
  definition: Counted,
  key,
  data: { number },
  id,
  source: 'test',
  time: 1_700_000_000_000
})

export const named = (name: string, key = 'one'): OutgoingEvent<typeof Named> => ({
  definition: Named,
  key,
  data: { name },
  id: randomUUID(),
  source: 'test',
  time: 1_700_000_000_000
})
