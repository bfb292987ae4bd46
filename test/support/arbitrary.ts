import fc from 'fast-check'

/** Values from JSON Schemas: those that fit, and those that nearly do. The words are the ones that the contracts use. */

export interface Schema {
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean | Schema
  minProperties?: number
  items?: Schema
  minItems?: number
  maxItems?: number
  uniqueItems?: boolean
  minLength?: number
  maxLength?: number
  pattern?: string
  minimum?: number
  maximum?: number
}

const LIST_MAX = 3
const TEXT_MAX = 40

function text({ minLength = 0, maxLength = Number.MAX_SAFE_INTEGER, pattern }: Schema): fc.Arbitrary<string> {
  if (pattern === undefined) {
    // Whatever people and their keyboards produce: several scripts, control characters, half of a surrogate pair.
    return fc.string({ unit: 'binary', minLength, maxLength: Math.min(maxLength, Math.max(minLength, TEXT_MAX)) })
  }
  // The bounds go into the last repetition: of texts without them, as short as they are made, none would be left where many characters are asked.
  const bounded = pattern.replace(
    /[+*]\$$/,
    `{${Math.max(minLength, 1)},${Math.min(maxLength, Math.max(minLength, TEXT_MAX))}}$`
  )
  return fc
    .stringMatching(new RegExp(bounded, 'u'), { size: 'small' })
    .filter((value) => value.length >= minLength && value.length <= maxLength)
}

function number({ minimum, maximum }: Schema, isInteger: boolean): fc.Arbitrary<number> {
  const min = Math.max(minimum ?? Number.MIN_SAFE_INTEGER, Number.MIN_SAFE_INTEGER)
  const max = Math.min(maximum ?? Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  return isInteger ? fc.integer({ min, max }) : fc.double({ min, max, noNaN: true })
}

function object(schema: Schema): fc.Arbitrary<object> {
  const { properties = {}, required = [], additionalProperties, minProperties = 0 } = schema
  const members = Object.fromEntries(Object.entries(properties).map(([name, member]) => [name, fitting(member)]))
  const known = fc
    .record(members, { requiredKeys: required as never[] })
    .filter((value) => Object.keys(value).length >= minProperties) as fc.Arbitrary<object>
  if (typeof additionalProperties !== 'object') return known
  const others = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/u), fitting(additionalProperties), { maxKeys: LIST_MAX })
  return fc.tuple(others, known).map(([more, own]) => ({ ...more, ...own }))
}

function ofType(schema: Schema, type: string | undefined): fc.Arbitrary<unknown> {
  switch (type) {
    case 'string':
      return text(schema)
    case 'integer':
    case 'number':
      return number(schema, type === 'integer')
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array': {
      const { items = {}, minItems = 0, maxItems = LIST_MAX } = schema
      const bounds = { minLength: minItems, maxLength: Math.max(minItems, Math.min(maxItems, LIST_MAX)) }
      return schema.uniqueItems ? fc.uniqueArray(fitting(items), bounds) : fc.array(fitting(items), bounds)
    }
    case 'object':
      return object(schema)
    default:
      return fc.jsonValue({ maxDepth: 2 })
  }
}

/** Values that the schema takes. */
export function fitting(schema: Schema): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(fitting))
  if (Array.isArray(schema.type)) return fc.oneof(...schema.type.map((type) => ofType(schema, type)))
  return ofType(schema, schema.type)
}

/** What has gone wrong in programs before. */
const awkward: unknown[] = [
  null,
  true,
  0,
  -1,
  0.5,
  1e308,
  2 ** 53,
  '',
  ' ',
  '\u0000',
  '\ud800',
  "'; drop table x; --",
  '../../etc/passwd',
  '1e3',
  'NaN',
  'x'.repeat(20_000),
  [],
  [[]],
  {},
  { $gt: '' },
  { toString: 'x', constructor: 1 }
]

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** One place of a value changed: a member taken away, one that nobody knows, or something awkward instead. */
function disturbed(value: unknown): fc.Arbitrary<unknown> {
  const instead = fc.constantFrom(...awkward)
  if (!isRecord(value)) return instead
  const names = Object.keys(value)
  const more = fc.constantFrom('unknown', 'constructor', '$where', 'userId').map((name) => ({ ...value, [name]: 1 }))
  // As a text: a literal with this name would set the prototype instead.
  const polluting = fc.constant({ ...value, ...(JSON.parse('{"__proto__x":1}') as object) })
  if (names.length === 0) return fc.oneof(more, polluting, instead)
  const name = fc.constantFrom(...names)
  const without = name.map((left) => Object.fromEntries(Object.entries(value).filter(([each]) => each !== left)))
  const within = name.chain((each) => disturbed(value[each]).map((other) => ({ ...value, [each]: other })))
  return fc.oneof({ arbitrary: within, weight: 3 }, without, more, polluting, instead)
}

/** A value that fits, with one thing wrong; now and then it still fits. */
export const nearly = (schema: Schema): fc.Arbitrary<unknown> => fitting(schema).chain(disturbed)
