import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { plainSchema } from '@gavel/contracts/json-schema.ts'
import { createAjv, explain } from './schema.ts'

const closed = { additionalProperties: false }
const schema = Type.Object(
  {
    name: Type.String({ minLength: 2, pattern: '^[a-z]+$' }),
    size: Type.Optional(Type.Union([Type.Literal('small'), Type.Literal('large')])),
    note: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    either: Type.Optional(
      Type.Union([Type.Object({ a: Type.Integer() }, closed), Type.Object({ b: Type.Integer() }, closed)])
    ),
    'odd/name~': Type.Optional(Type.Integer())
  },
  closed
)
const validate = createAjv({ coerce: false }).compile(plainSchema(schema))

const explained = (data: unknown): unknown => (validate(data) ? undefined : explain(validate.errors ?? [], 'body'))

describe('a mistake is told in one sentence that names its member', () => {
  const mistakes: [unknown, { detail: string; member?: string }][] = [
    [{}, { detail: 'The body lacks the member name', member: 'name' }],
    [
      { name: 'ab', extra: 1 },
      { detail: 'The body has a member that is not known here: extra', member: 'extra' }
    ],
    [{ name: 5 }, { detail: 'In the body, name must be of type string', member: 'name' }],
    [
      { name: 'ab', size: 'huge' },
      { detail: 'In the body, size must be one of: small, large', member: 'size' }
    ],
    [
      { name: 'ab', note: 5 },
      { detail: 'In the body, note must be of type string or null', member: 'note' }
    ],
    [
      { name: 'ab', either: {} },
      { detail: 'In the body, either fits none of the forms it may have', member: 'either' }
    ],
    [{ name: 'a' }, { detail: 'In the body, name must NOT have fewer than 2 characters', member: 'name' }],
    [
      { name: 'ab', 'odd/name~': 'x' },
      { detail: 'In the body, odd/name~ must be of type integer', member: 'odd/name~' }
    ],
    [7, { detail: 'The body must be of type object' }]
  ]
  it.each(mistakes)('%j', (data, expected) => {
    expect(explained(data)).toEqual(expected)
  })

  it('what was sent is not repeated', () => {
    expect(JSON.stringify(explained({ name: 'ab', size: 'hunter2' }))).not.toContain('hunter2')
  })
})
