import { Type } from 'typebox'
import { defineEvent } from '../define.ts'
import { Id, TimestampMs } from '../primitives.ts'

export const ProductData = Type.Object(
  {
    productId: Id,
    title: Type.String({ minLength: 1, maxLength: 200 }),
    description: Type.String({ maxLength: 10_000 }),
    brand: Type.String({ maxLength: 100 }),
    category: Type.String({ maxLength: 100 })
  },
  { additionalProperties: false }
)

export const ProductAdded = defineEvent(
  'ProductAdded',
  1,
  'An admin added a product to the catalogue.',
  Type.Object({ product: ProductData, changedBy: Id, changedAt: TimestampMs }, { additionalProperties: false })
)
export const ProductChanged = defineEvent(
  'ProductChanged',
  1,
  'An admin changed a product; the event carries all of it as it is now.',
  Type.Object({ product: ProductData, changedBy: Id, changedAt: TimestampMs }, { additionalProperties: false })
)
export const ProductRemoved = defineEvent(
  'ProductRemoved',
  1,
  'An admin removed a product from the catalogue.',
  Type.Object({ productId: Id, changedBy: Id, changedAt: TimestampMs }, { additionalProperties: false })
)

/** Counts the states of a product from 1, so that a reader who meets its events in another order knows the newest. */
const version = Type.Integer({ minimum: 1 })

export const ProductAddedV2 = defineEvent(
  'ProductAdded',
  2,
  'An admin added a product to the catalogue.',
  Type.Object({ product: ProductData, version, changedBy: Id, changedAt: TimestampMs }, { additionalProperties: false })
)
export const ProductChangedV2 = defineEvent(
  'ProductChanged',
  2,
  'An admin changed a product; the event carries all of it as it is now.',
  Type.Object({ product: ProductData, version, changedBy: Id, changedAt: TimestampMs }, { additionalProperties: false })
)
export const ProductRemovedV2 = defineEvent(
  'ProductRemoved',
  2,
  'An admin removed a product from the catalogue.',
  Type.Object({ productId: Id, version, changedBy: Id, changedAt: TimestampMs }, { additionalProperties: false })
)
