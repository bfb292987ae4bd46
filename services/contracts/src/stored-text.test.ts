import { expect, test } from 'vitest'
import { plainSchema } from './json-schema.ts'
import { services } from './services.ts'

interface Schema {
  type?: string
  pattern?: string
  minLength?: number
  enum?: unknown[]
  const?: unknown
  properties?: Record<string, Schema>
  items?: Schema
  anyOf?: Schema[]
}

/** Hashed or decoded, and never stored as they came. */
const notStored = /^(password|refreshToken|cursor)$/
/** Compared, and never stored. */
const compared = new Set(['listHealthHistory query name'])

/** Where a string may hold a NUL, which PostgreSQL refuses: it would be a failure of ours, or an event that cannot be kept. */
function openTo(schema: Schema, name: string): string[] {
  const { type, pattern, minLength = 1, properties = {}, items, anyOf = [] } = schema
  const fits = pattern === undefined || new RegExp(pattern, 'u').test(`${'a'.repeat(Math.max(0, minLength - 1))}\0`)
  const own = type === 'string' && !schema.enum && schema.const === undefined && fits && !notStored.test(name)
  return [
    ...(own ? [name] : []),
    ...Object.entries(properties).flatMap(([member, of]) => openTo(of, member)),
    ...(items ? openTo(items, name) : []),
    ...anyOf.flatMap((one) => openTo(one, name))
  ]
}

test('no text with a NUL reaches a store', () => {
  const open = services.flatMap(({ operations }) =>
    operations.flatMap((operation) =>
      (['params', 'query', 'body'] as const).flatMap((part) => {
        const schema = operation[part]
        return schema
          ? openTo(plainSchema(schema) as Schema, part).map((name) => `${operation.id} ${part} ${name}`)
          : []
      })
    )
  )
  expect(open.filter((place) => !compared.has(place))).toEqual([])
})
