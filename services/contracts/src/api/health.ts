import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import { Count, TimestampMs } from '../primitives.ts'

export const PlatformReadiness = Type.Object(
  {
    status: Type.Union([Type.Literal('ready'), Type.Literal('not-ready')]),
    checkedAt: TimestampMs,
    services: Type.Record(
      Type.String(),
      Type.Object(
        {
          status: Type.Union([Type.Literal('ready'), Type.Literal('not-ready'), Type.Literal('unreachable')]),
          parts: Type.Record(
            Type.String(),
            Type.Object(
              {
                status: Type.Union([Type.Literal('up'), Type.Literal('down')]),
                error: Type.Optional(Type.String({ maxLength: 300 }))
              },
              { additionalProperties: false }
            )
          )
        },
        { additionalProperties: false }
      )
    )
  },
  { additionalProperties: false }
)
export type PlatformReadiness = Static<typeof PlatformReadiness>

export const readPlatformReadiness = defineOperation({
  id: 'readPlatformReadiness',
  method: 'GET',
  path: '/readyz',
  role: 'public',
  summary: 'Is the whole platform ready: every service with each of its parts. 503 with the same body when not.',
  responses: { 200: PlatformReadiness, 503: PlatformReadiness },
  errors: []
})

const Watched = {
  kind: Type.Union([Type.Literal('service'), Type.Literal('group')]),
  name: Type.String({ minLength: 1, maxLength: 120 }),
  /** `unknown`: it could not be asked, and nothing follows from that. */
  status: Type.Union([Type.Literal('up'), Type.Literal('down'), Type.Literal('unknown')]),
  message: Type.String({ maxLength: 1000, description: 'Names the culprit.' })
}

export const HealthEntry = Type.Object(
  {
    ...Watched,
    since: TimestampMs,
    checkedAt: Type.Optional(TimestampMs),
    /** Of a consumer group. */
    members: Type.Optional(
      Type.Array(
        Type.Object(
          { name: Type.String({ maxLength: 300 }), partitions: Type.Array(Type.String({ maxLength: 300 })) },
          { additionalProperties: false }
        )
      )
    ),
    lag: Type.Optional(Count)
  },
  { additionalProperties: false }
)
export type HealthEntry = Static<typeof HealthEntry>

const TransitionId = Type.String({ pattern: '^[0-9]{1,16}-[0-9]{1,10}$' })
export const HealthTransition = Type.Object(
  { id: TransitionId, at: TimestampMs, ...Watched },
  { additionalProperties: false }
)
export type HealthTransition = Static<typeof HealthTransition>

export const readHealth = defineOperation({
  id: 'readHealth',
  method: 'GET',
  path: '/api/health',
  role: 'admin',
  summary: 'Every service and every consumer group as last seen: up or down, since when, and whose fault it is.',
  responses: {
    200: Type.Object(
      { status: Watched.status, checkedAt: TimestampMs, entries: Type.Array(HealthEntry) },
      { additionalProperties: false }
    )
  },
  errors: []
})

export const listHealthHistory = defineOperation({
  id: 'listHealthHistory',
  method: 'GET',
  path: '/api/health/history',
  role: 'admin',
  summary: 'The last transitions between up and down, newest first: of one service or consumer group, or of all.',
  query: Type.Object(
    {
      name: Type.Optional(Watched.name),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 }))
    },
    { additionalProperties: false }
  ),
  responses: { 200: Type.Object({ items: Type.Array(HealthTransition) }, { additionalProperties: false }) },
  errors: []
})

export const streamHealth = defineOperation({
  id: 'streamHealth',
  method: 'GET',
  path: '/api/health/stream',
  role: 'admin',
  stream: true,
  summary:
    'Server-Sent Events: transitions from now on. A client that comes again with `Last-Event-ID` is first given what it missed, as far back as the history is kept.',
  responses: {
    200: Type.Unsafe<AsyncIterable<string>>(
      Type.String({ description: 'A stream of `id: <id>`, `data: <transition>`.' })
    )
  },
  errors: []
})
