import { Type } from 'typebox'
import { defineEvent } from '../define.ts'
import { Id, Pieces, TimestampMs } from '../primitives.ts'

export const StockChanged = defineEvent(
  'StockChanged',
  1,
  'The stock of a product at a location changed; the event carries the figures after the change. `version` rises by one with each change.',
  Type.Object(
    {
      productId: Id,
      location: Id,
      available: Pieces,
      reserved: Pieces,
      sold: Pieces,
      version: Type.Integer({ minimum: 1 }),
      reason: Type.Union([
        Type.Literal('set'),
        Type.Literal('adjusted'),
        Type.Literal('reserved'),
        Type.Literal('released'),
        Type.Literal('sold')
      ]),
      changedAt: TimestampMs
    },
    { additionalProperties: false }
  )
)

export const StockChangedV2 = defineEvent(
  'StockChanged',
  2,
  'Pieces moved from one location to another: told once for each of the two, with the figures after it. Every other change is told by version 1; both count the same `version`.',
  Type.Object(
    {
      productId: Id,
      location: Id,
      available: Pieces,
      reserved: Pieces,
      sold: Pieces,
      version: Type.Integer({ minimum: 1 }),
      reason: Type.Literal('transferred'),
      transferId: Id,
      changedAt: TimestampMs
    },
    { additionalProperties: false }
  )
)
