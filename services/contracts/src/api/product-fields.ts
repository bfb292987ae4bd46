import { Type } from 'typebox'

/** What a product is described by, in every operation and file that takes it. */

/** One line with something to see in it. Control characters are refused: no database stores NUL, and no page shows the others. */
export const productTitle = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: '^ *[^\\s\\u0000-\\u001f\\u007f][^\\u0000-\\u001f\\u007f]*$'
})
export const productLine = Type.String({ maxLength: 100, pattern: '^[^\\u0000-\\u001f\\u007f]*$' })
export const productTexts = {
  description: Type.Optional(Type.String({ maxLength: 10_000, pattern: '^[^\\u0000]*$' })),
  brand: Type.Optional(productLine),
  category: Type.Optional(productLine)
}
