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
