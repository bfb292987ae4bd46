import { Ajv, type ErrorObject } from 'ajv'

/**
 * Strict where it matters: a member that the schema does not know is refused, never dropped, and "1" is not 1.
 * With `coerce`, numbers and booleans are read from text: for queries and path parameters, which are text by nature.
 */
export const createAjv = (options: { coerce: boolean }): Ajv =>
  new Ajv({
    allErrors: false,
    removeAdditional: false,
    useDefaults: true,
    allowUnionTypes: true,
    strict: true,
    coerceTypes: options.coerce
  })

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

/** One sentence that names the member at fault, for people; `member` for programs. Never repeats a value that was sent. */
export function explain(failures: readonly Partial<Failure>[], place: string): { detail: string; member?: string } {
  // A choice reports each of its branches first and itself last.
  const failure = failures.at(-1) ?? {}
  const parent = memberOf(failure.instancePath ?? '')
  const parameters = (failure.params ?? {}) as Record<string, unknown>
  const about = (sentence: string): { detail: string; member?: string } =>
    parent === ''
      ? { detail: `The ${place} ${sentence}` }
      : { detail: `In the ${place}, ${parent} ${sentence}`, member: parent }
  switch (failure.keyword) {
    case 'additionalProperties': {
      const member = joined(parent, String(parameters.additionalProperty)).slice(0, 100)
      return { detail: `The ${place} has a member that is not known here: ${member}`, member }
    }
    case 'required': {
      const member = joined(parent, String(parameters.missingProperty))
      return { detail: `The ${place} lacks the member ${member}`, member }
    }
    case 'enum':
      return about(`must be one of: ${(parameters.allowedValues as unknown[]).map(String).join(', ')}`)
    case 'const':
      return about(`must be ${JSON.stringify(parameters.allowedValue)}`)
    case 'type':
      return about(`must be of type ${String(parameters.type).replaceAll(',', ' or ')}`)
    case 'anyOf':
    case 'oneOf':
      return about('fits none of the forms it may have')
    default:
      return about(failure.message ?? 'does not have the form it should')
  }
}
