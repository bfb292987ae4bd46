export type JsonSchema = Record<string, unknown>

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A choice of literals of one type is an `enum`: shorter to read, faster to check and to write. */
function choiceOfLiterals(branches: readonly unknown[]): JsonSchema | undefined {
  const literals = branches.filter((branch) => isObject(branch) && 'const' in branch) as JsonSchema[]
  if (literals.length !== branches.length || branches.length === 0) return undefined
  const type = literals[0]!.type
  if (type === undefined || literals.some((literal) => literal.type !== type)) return undefined
  return { type, enum: literals.map((literal) => literal.const) }
}

/** Something or null is `type: [something, "null"]`. */
function nullable(branches: readonly unknown[]): JsonSchema | undefined {
  if (branches.length !== 2) return undefined
  const other = branches.find((branch) => isObject(branch) && branch.type !== 'null')
  const isNull = branches.some((branch) => isObject(branch) && branch.type === 'null')
  if (!isNull || !isObject(other) || typeof other.type !== 'string' || 'enum' in other || 'const' in other)
    return undefined
  return other.type === 'object' ? undefined : { ...other, type: [other.type, 'null'] }
}

/** A TypeBox schema as plain JSON Schema 2020-12, in its shortest equal form. Pure; the argument is left alone. */
export function plainSchema(schema: unknown): JsonSchema {
  return plain(schema) as JsonSchema
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (!isObject(value)) return value
  const copy: JsonSchema = {}
  for (const [member, inner] of Object.entries(value)) {
    // Data, not schemas: copied as they are.
    copy[member] =
      member === 'default' || member === 'const' || member === 'enum' || member === 'examples' ? inner : plain(inner)
  }
  if (Array.isArray(copy.anyOf)) {
    const shorter = choiceOfLiterals(copy.anyOf) ?? nullable(copy.anyOf)
    if (shorter) {
      const { anyOf: _anyOf, ...others } = copy
      return { ...shorter, ...others }
    }
  }
  const patterns = copy.patternProperties
  if (isObject(patterns) && Object.keys(patterns).length === 1 && '^.*$' in patterns) {
    const { patternProperties: _patterns, ...others } = copy
    return {
      ...others,
      additionalProperties: Object.keys(patterns['^.*$'] as object).length === 0 ? true : patterns['^.*$']
    }
  }
  return copy
}
