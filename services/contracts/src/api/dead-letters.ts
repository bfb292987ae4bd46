import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import { Count, Id, page, PageQuery, TimestampMs } from '../primitives.ts'

/** What consumer groups have put away because they could not handle it: operations of eventlog. */

const closed = { additionalProperties: false } as const

export const GroupName = Type.String({
  minLength: 3,
  maxLength: 128,
  pattern: '^[a-z0-9.-]+$',
  description: 'A consumer group: `<service>.<topic>`.'
})

export const DeadLetterReason = Type.Union([
  Type.Literal('undecodable'),
  Type.Literal('bug'),
  Type.Literal('fault'),
  /** The record does not tell. */
  Type.Literal('unknown')
])
export type DeadLetterReason = Static<typeof DeadLetterReason>

export const DeadLetterStatus = Type.Union([Type.Literal('open'), Type.Literal('replayed'), Type.Literal('discarded')])
export type DeadLetterStatus = Static<typeof DeadLetterStatus>

export const DeadLetter = Type.Object(
  {
    deadLetterId: Id,
    /** The one that could not handle it. */
    group: Type.String(),
    topic: Type.String(),
    /** Where it stood on its topic. */
    partition: Type.Optional(Count),
    offset: Type.Optional(Count),
    key: Type.Optional(Type.String()),
    /** The record's own, as text. */
    headers: Type.Record(Type.String(), Type.String()),
    payloadBytes: Count,
    /** Where it is JSON. A listing leaves long payloads out. */
    payload: Type.Optional(Type.Unknown()),
    /** Where it is not. */
    payloadBase64: Type.Optional(Type.String()),
    reason: DeadLetterReason,
    error: Type.String(),
    attempts: Type.Optional(Count),
    diedAt: TimestampMs,
    recordedAt: TimestampMs,
    status: DeadLetterStatus,
    decidedBy: Type.Optional(Type.String()),
    decidedAt: Type.Optional(TimestampMs)
  },
  closed
)
export type DeadLetter = Static<typeof DeadLetter>

const DeadLetterParams = Type.Object({ deadLetterId: Id }, closed)

export const listDeadLetters = defineOperation({
  id: 'listDeadLetters',
  method: 'GET',
  path: '/api/dead-letters',
  role: 'admin',
  summary: 'Dead letters, newest first. Payloads above 16 KiB are left out; each is read whole by its id.',
  query: Type.Object(
    { ...PageQuery, group: Type.Optional(GroupName), status: Type.Optional(DeadLetterStatus) },
    closed
  ),
  responses: { 200: page(DeadLetter) },
  errors: []
})

export const readDeadLetter = defineOperation({
  id: 'readDeadLetter',
  method: 'GET',
  path: '/api/dead-letters/:deadLetterId',
  role: 'admin',
  summary: 'One dead letter with its payload.',
  params: DeadLetterParams,
  responses: { 200: DeadLetter },
  errors: ['DEAD_LETTER_NOT_FOUND']
})

export const replayDeadLetter = defineOperation({
  id: 'replayDeadLetter',
  method: 'POST',
  path: '/api/dead-letters/:deadLetterId/replay',
  role: 'admin',
  summary:
    'Sends the record to its topic again, as it was: groups that handled it drop it, the one that failed handles it. One that was replayed stays as it is.',
  params: DeadLetterParams,
  responses: { 200: DeadLetter },
  errors: ['DEAD_LETTER_NOT_FOUND'],
  idempotent: true
})

export const discardDeadLetter = defineOperation({
  id: 'discardDeadLetter',
  method: 'POST',
  path: '/api/dead-letters/:deadLetterId/discard',
  role: 'admin',
  summary: 'Closes a dead letter without sending it again. One that was replayed stays as it is.',
  params: DeadLetterParams,
  responses: { 200: DeadLetter },
  errors: ['DEAD_LETTER_NOT_FOUND'],
  idempotent: true
})

/** Dead letters that one call decides on at most. */
export const DEAD_LETTERS_LIMIT = 1_000

const DeadLetterSelection = Type.Union([
  Type.Object({ deadLetterIds: Type.Array(Id, { minItems: 1, maxItems: DEAD_LETTERS_LIMIT }) }, closed),
  /** The open ones of a group, the oldest first. */
  Type.Object({ group: GroupName }, closed)
])
export type DeadLetterSelection = Static<typeof DeadLetterSelection>

const DeadLettersDecided = Type.Object(
  {
    changed: Count,
    /** Those that had been decided before, or that an earlier decision keeps as they are. */
    unchanged: Count,
    notFound: Type.Array(Id),
    /** True where the group has open ones left: call again. */
    more: Type.Boolean()
  },
  closed
)
export type DeadLettersDecided = Static<typeof DeadLettersDecided>

export const replayDeadLetters = defineOperation({
  id: 'replayDeadLetters',
  method: 'POST',
  path: '/api/dead-letters/replay',
  role: 'admin',
  summary: `Replays the dead letters named, or the open ones of a group, in the order in which they came; ${DEAD_LETTERS_LIMIT} at most.`,
  body: DeadLetterSelection,
  responses: { 200: DeadLettersDecided },
  errors: []
})

export const discardDeadLetters = defineOperation({
  id: 'discardDeadLetters',
  method: 'POST',
  path: '/api/dead-letters/discard',
  role: 'admin',
  summary: `Discards the dead letters named, or the open ones of a group; ${DEAD_LETTERS_LIMIT} at most.`,
  body: DeadLetterSelection,
  responses: { 200: DeadLettersDecided },
  errors: []
})
