import { Type } from 'typebox'
import { AVAILABLE_PIECES_MAX } from '../api/inventory.ts'
import { productTexts, productTitle } from '../api/product-fields.ts'
import { defineEvent } from '../define.ts'
import { Id, Line } from '../primitives.ts'

/**
 * What rows of an import ask for. Commands and no facts, so their names are imperative; whoever carries them out applies the rules of
 * its routes, and what changed is told by the events of its own topics.
 */

export const ImportLineNumber = Type.Integer({ minimum: 1, maximum: 1_000_000_000, description: 'A line of the file.' })

const origin = {
  importId: Id,
  line: ImportLineNumber,
  /** Unique for the row, whatever became of the import id: makes a repeat harmless. */
  commandId: Id,
  /** Who imports: a user’s id. */
  actor: Id,
  productId: Id
}
const fields = { title: Type.Optional(productTitle), ...productTexts }
const closed = { additionalProperties: false } as const

export const AddProduct = defineEvent(
  'AddProduct',
  1,
  'A row asks for a product that is not there yet.',
  Type.Object({ ...origin, fields: Type.Object({ ...fields, title: productTitle }, closed) }, closed)
)
export const ChangeProduct = defineEvent(
  'ChangeProduct',
  1,
  'A row asks for other words about a product; what it does not name stays.',
  Type.Object({ ...origin, fields: Type.Object(fields, closed) }, closed)
)
export const PutProduct = defineEvent(
  'PutProduct',
  1,
  'A row asks for a product to be added where it is not there, and changed where it is.',
  Type.Object({ ...origin, fields: Type.Object({ ...fields, title: productTitle }, closed) }, closed)
)
export const RemoveProduct = defineEvent(
  'RemoveProduct',
  1,
  'A row asks for a product to be removed.',
  Type.Object(origin, closed)
)

export const SetStock = defineEvent(
  'SetStock',
  1,
  'A row says how many pieces of a product are available at a location.',
  Type.Object(
    {
      ...origin,
      location: Id,
      available: Type.Integer({ minimum: 0, maximum: AVAILABLE_PIECES_MAX }),
      reason: Line(200)
    },
    closed
  )
)
export const AdjustStock = defineEvent(
  'AdjustStock',
  1,
  'A row adds to or takes from the available pieces of a product at a location.',
  Type.Object(
    {
      ...origin,
      location: Id,
      delta: Type.Integer({ minimum: -AVAILABLE_PIECES_MAX, maximum: AVAILABLE_PIECES_MAX }),
      reason: Line(200)
    },
    closed
  )
)

/** As many as one message may hold. */
export const ANSWERS_MAX = 500

export const CommandsAnswered = defineEvent(
  'CommandsAnswered',
  1,
  'Commands of one import about stock were carried out or refused, each for itself. One message for each batch that was worked off together.',
  Type.Object(
    {
      importId: Id,
      answers: Type.Array(
        Type.Object(
          {
            line: ImportLineNumber,
            outcome: Type.Union([Type.Literal('applied'), Type.Literal('unchanged'), Type.Literal('refused')]),
            /** Of the problem that the route would have answered, where it was refused. */
            code: Type.Optional(Type.String({ maxLength: 40 })),
            detail: Type.Optional(Type.String({ maxLength: 300 }))
          },
          closed
        ),
        { minItems: 1, maxItems: ANSWERS_MAX }
      )
    },
    closed
  )
)
