import { Type } from 'typebox'

/** What people type when they sign up and in. */

export const Password = Type.String({ minLength: 1, maxLength: 256 })
/** As people type it: spaces around it and capital letters do not matter. No control characters, which no database stores. */
export const TypedEmail = Type.String({
  minLength: 3,
  maxLength: 254,
  pattern: '^\\s*[^\\s@\\u0000-\\u001f\\u007f]+@[^\\s@\\u0000-\\u001f\\u007f]+\\s*$'
})
/** At least one visible character, no control characters. */
export const DisplayName = Type.String({
  minLength: 1,
  maxLength: 80,
  pattern: '^ *[^\\s\\u0000-\\u001f\\u007f][^\\u0000-\\u001f\\u007f]*$'
})
export const AccountRole = Type.Union([Type.Literal('bidder'), Type.Literal('admin')])
