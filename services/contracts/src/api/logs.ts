import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import { page, PageQuery, TimestampMs } from '../primitives.ts'

/** From the least to the most serious. In a search a level stands for itself and those more serious. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const
export type LogLevel = (typeof logLevels)[number]
export const LogLevel = Type.Unsafe<LogLevel>(Type.Union(logLevels.map((level) => Type.Literal(level))))

const ServiceName = Type.String({ minLength: 1, maxLength: 40, pattern: '^[a-z][a-z0-9-]*$' })
const TraceId = Type.String({ pattern: '^[0-9a-f]{32}$', description: 'W3C trace id, lower-case hexadecimal.' })
const SearchText = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: '[\\p{L}\\p{N}]',
  description: 'Words that must all occur, whole, in any case and any order: in the message or in any other member.'
})

/** One line of a service's log. Secrets were taken out by the service that wrote it. */
export const LogLine = Type.Object(
  {
    /** The writing process, and the number of the line in it: two neighbours without a number between them have lost none. */
    id: Type.String({ minLength: 1, maxLength: 80 }),
    time: TimestampMs,
    service: Type.String({ maxLength: 60 }),
    level: LogLevel,
    message: Type.String(),
    traceId: Type.Optional(TraceId),
    /** Whatever else the line says. */
    members: Type.Object({}, { additionalProperties: true })
  },
  { additionalProperties: false }
)
export type LogLine = Static<typeof LogLine>

export const listLogs = defineOperation({
  id: 'listLogs',
  method: 'GET',
  path: '/api/logs',
  role: 'admin',
  summary: 'Lines of the services’ logs, newest first.',
  query: Type.Object(
    {
      ...PageQuery,
      service: Type.Optional(ServiceName),
      level: Type.Optional(LogLevel),
      traceId: Type.Optional(TraceId),
      text: Type.Optional(SearchText),
      from: Type.Optional(Type.Integer({ minimum: 0, description: 'Not before this moment (ms).' })),
      to: Type.Optional(Type.Integer({ minimum: 0, description: 'Before this moment (ms).' }))
    },
    { additionalProperties: false }
  ),
  responses: { 200: page(LogLine) },
  errors: []
})

/** What a reader of the live trace wants to see; an empty filter is everything. */
export const LogFilter = Type.Object(
  {
    services: Type.Optional(Type.Array(ServiceName, { minItems: 1, maxItems: 30 })),
    level: Type.Optional(LogLevel),
    traceId: Type.Optional(TraceId),
    text: Type.Optional(SearchText)
  },
  { additionalProperties: false }
)
export type LogFilter = Static<typeof LogFilter>

/**
 * What a client of the WebSocket `/ws/logs` sends: the filter from now on, and how many of the newest lines that fit it are wanted first.
 * Sent again at any time, it replaces the filter before. The answers carry its `followId`.
 */
export const FollowLogsFrame = Type.Object(
  {
    type: Type.Literal('follow'),
    followId: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    filter: LogFilter,
    history: Type.Optional(Type.Integer({ minimum: 0, maximum: 1000, default: 100 }))
  },
  { additionalProperties: false }
)
export type FollowLogsFrame = Static<typeof FollowLogsFrame>

/**
 * What `/ws/logs` sends: `following`, the history oldest first as `lines`, `live` once it is told, then `lines` as they are stored. A reader
 * that is too slow for them loses the oldest that wait for it and is told how many, in their place (`dropped`). `gap`: the
 * server itself may have missed lines that are in the store.
 */
export const LogTraceFrame = Type.Union([
  Type.Object(
    { type: Type.Literal('following'), followId: Type.Optional(Type.String()), filter: LogFilter },
    { additionalProperties: false }
  ),
  Type.Object(
    { type: Type.Literal('lines'), followId: Type.Optional(Type.String()), lines: Type.Array(LogLine) },
    { additionalProperties: false }
  ),
  Type.Object({ type: Type.Literal('live'), followId: Type.Optional(Type.String()) }, { additionalProperties: false }),
  Type.Object(
    {
      type: Type.Literal('dropped'),
      followId: Type.Optional(Type.String()),
      count: Type.Integer({ minimum: 1 })
    },
    { additionalProperties: false }
  ),
  Type.Object({ type: Type.Literal('gap') }, { additionalProperties: false }),
  Type.Object(
    { type: Type.Literal('problem'), problem: Type.Object({}, { additionalProperties: true }) },
    { additionalProperties: false }
  )
])
export type LogTraceFrame = Static<typeof LogTraceFrame>
