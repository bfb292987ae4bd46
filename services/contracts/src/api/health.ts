import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import { TimestampMs } from '../primitives.ts'

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
              { status: Type.Union([Type.Literal('up'), Type.Literal('down')]), error: Type.Optional(Type.String({ maxLength: 300 })) },
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
