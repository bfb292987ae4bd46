import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import { Count, Id, Position, TimestampMs } from '../primitives.ts'
import { GroupName } from './dead-letters.ts'

/** Events of the log given to one consumer group again: operations of eventlog. */

const closed = { additionalProperties: false } as const

/** Events that one call sends at most. */
export const REPLAY_LIMIT = 2_000

export const ReplayRange = Type.Object(
  {
    /** `<service>.<topic>`: the events of that topic, for that service alone. */
    group: GroupName,
    /** Both ends included; without them, the whole log. */
    from: Type.Optional(Position),
    to: Type.Optional(Position),
    /** Bounds of the events' own time: not before `after`, and before `before`. */
    after: Type.Optional(TimestampMs),
    before: Type.Optional(TimestampMs),
    /** Of one key only: an order number, a product, an auction. */
    key: Type.Optional(Type.String({ minLength: 1, maxLength: 128, pattern: '^[^\\u0000]+$' }))
  },
  closed
)
export type ReplayRange = Static<typeof ReplayRange>

export const replayEvents = defineOperation({
  id: 'replayEvents',
  method: 'POST',
  path: '/api/replays',
  role: 'admin',
  summary: `Sends events of the log to one consumer group again, in their order, ${REPLAY_LIMIT} at most; \`nextFrom\` says where to go on. What the group has handled stays handled; a group that has lost its state has it again. Nothing leaves the platform twice: no mail is sent, and groups that charge or decide pass over what they do not know.`,
  body: ReplayRange,
  responses: {
    200: Type.Object(
      {
        /** The mark that the events carry. */
        replayId: Id,
        group: GroupName,
        topic: Type.String(),
        sent: Count,
        /** The last position looked at. */
        to: Count,
        nextFrom: Type.Optional(Position)
      },
      closed
    )
  },
  errors: ['GROUP_NOT_FOUND']
})
