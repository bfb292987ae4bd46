import { Ajv, type ErrorObject } from 'ajv'
import type { FastifySchemaCompiler } from 'fastify'

/**
 * Strict where it matters: a member that the schema does not know is refused, never dropped, and a body's "1" is not 1.
 * Queries and path parameters are text by nature, so numbers and booleans are read from them.
 */
const common = { allErrors: false, removeAdditional: false, useDefaults: true, allowUnionTypes: true, strict: true } as const

export function createValidatorCompiler(): FastifySchemaCompiler<unknown> {
  const bodies = new Ajv({ ...common, coerceTypes: false })
  const texts = new Ajv({ ...common, coerceTypes: true })
  return ({ schema, httpPart }) => (httpPart === 'body' ? bodies : texts).compile(schema as object)
}

const partNames: Record<string, string> = { body: 'body', querystring: 'query', params: 'path', headers: 'headers' }

/** `/items/0/priceMinor` → `items[0].priceMinor`. */
const memberOf = (pointer: string): string =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part, index) => (/^\d+$/.test(part) ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('')

const joined = (parent: string, member: string): string => (parent === '' ? member : `${parent}.${member}`)

type Failure = Pick<ErrorObject, 'instancePath' | 'keyword' | 'params' | 'message'>

/** One sentence that names the member at fault, for people; `member` for programs. */
export function explain(failures: readonly Partial<Failure>[], part: string): { detail: string; member?: string } {
  const place = partNames[part] ?? part
  // A choice reports each of its branches first and itself last.
  const failure = failures.at(-1) ?? {}
  const parent = memberOf(failure.instancePath ?? '')
  const parameters = (failure.params ?? {}) as Record<string, unknown>
  switch (failure.keyword) {
    case 'additionalProperties': {
      const member = joined(parent, String(parameters.additionalProperty)).slice(0, 100)
      return { detail: `The ${place} has a member that is not known here: ${member}`, member }
    }
    case 'required': {
      const member = joined(parent, String(parameters.missingProperty))
      return { detail: `The ${place} lacks the member ${member}`, member }
    }
    case 'enum': {
      const allowed = (parameters.allowedValues as unknown[]).map(String).join(', ')
      return { detail: `In the ${place}, ${parent} must be one of: ${allowed}`, member: parent }
    }
    case 'const':
      return { detail: `In the ${place}, ${parent} must be ${JSON.stringify(parameters.allowedValue)}`, member: parent }
    case 'anyOf':
    case 'oneOf':
      return parent === ''
        ? { detail: `The ${place} fits none of the forms this operation takes` }
        : { detail: `In the ${place}, ${parent} fits none of the forms it may have`, member: parent }
    default: {
      const message = failure.message ?? 'does not have the form this operation takes'
      return parent === '' ? { detail: `The ${place} ${message}` } : { detail: `In the ${place}, ${parent} ${message}`, member: parent }
    }
  }
}
