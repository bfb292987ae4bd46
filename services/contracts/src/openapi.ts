import type { Operation } from './define.ts'
import { errors, sharedErrors, type ErrorCode } from './errors.ts'
import { plainSchema, type JsonSchema } from './json-schema.ts'
import { services, type ServiceDefinition } from './services.ts'

/** OpenAPI 3.1 as a pure function of the operations. */

const problemSchema: JsonSchema = {
  type: 'object',
  description: 'A problem document (RFC 9457).',
  required: ['type', 'title', 'status', 'code'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: Object.keys(errors) },
    detail: { type: 'string', description: 'What is wrong here; names the member at fault.' },
    member: { type: 'string', description: 'The member at fault.' },
    instance: { type: 'string' }
  }
}

/** `/api/orders/:orderNumber` → `/api/orders/{orderNumber}`. */
const pathTemplate = (path: string): string => path.replace(/:([A-Za-z0-9_]+)/g, '{$1}')

function parameters(schema: unknown, place: 'path' | 'query'): JsonSchema[] {
  if (!schema) return []
  const { properties = {}, required = [] } = plainSchema(schema) as { properties?: JsonSchema; required?: string[] }
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property
  }))
}

function codesOf(operation: Operation): ErrorCode[] {
  const codes: ErrorCode[] = [...operation.errors, ...sharedErrors]
  if (operation.role !== 'public') codes.push('UNAUTHENTICATED')
  if (operation.role === 'admin') codes.push('FORBIDDEN')
  return codes
}

function problems(operation: Operation): JsonSchema {
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of codesOf(operation)) {
    const { status } = errors[code]
    const codes = byStatus.get(status) ?? []
    if (!codes.includes(code)) codes.push(code)
    byStatus.set(status, codes)
  }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      String(status),
      {
        description: codes.map((code) => `\`${code}\`: ${errors[code].title}.`).join('\n\n'),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
      }
    ])
  )
}

/** What is no JSON is text. */
const textContent = (types: readonly string[]): JsonSchema =>
  Object.fromEntries(types.map((type) => [type, { schema: { type: 'string' } }]))

function successes(operation: Operation): JsonSchema {
  return Object.fromEntries(
    Object.entries(operation.responses).map(([status, schema]) => [
      status,
      operation.answers !== undefined
        ? { description: operation.summary, content: textContent([operation.answers]) }
        : schema === null
          ? { description: 'Done; no body.' }
          : {
              description: operation.summary,
              content: {
                [operation.stream ? 'text/event-stream' : 'application/json']: { schema: plainSchema(schema) }
              }
            }
    ])
  )
}

const roleSentence: Record<Operation['role'], string> = {
  public: 'Needs no token.',
  user: 'For any signed-in account.',
  bidder: 'For bidders and admins.',
  admin: 'For admins.'
}

function operationObject(operation: Operation, service: ServiceDefinition): JsonSchema {
  const all = [...parameters(operation.params, 'path'), ...parameters(operation.query, 'query')]
  return {
    operationId: operation.id,
    tags: [service.name],
    summary: operation.summary,
    description: roleSentence[operation.role],
    ...(operation.role === 'public' ? { security: [] } : {}),
    ...(all.length > 0 ? { parameters: all } : {}),
    ...(operation.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: plainSchema(operation.body) } } } }
      : {}),
    ...(operation.upload ? { requestBody: { required: true, content: textContent(operation.upload.types) } } : {}),
    responses: { ...problems(operation), ...successes(operation) }
  }
}

const sorted = (entries: [string, unknown][]): JsonSchema =>
  Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1)))

export function openApiDocument(title: string, described: readonly ServiceDefinition[], version = '1.0.0'): JsonSchema {
  const paths: Record<string, JsonSchema> = {}
  for (const service of described) {
    for (const operation of service.operations) {
      const path = (paths[pathTemplate(operation.path)] ??= {})
      path[operation.method.toLowerCase()] = operationObject(operation, service)
    }
  }
  return {
    openapi: '3.1.1',
    info: { title, version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    security: [{ accessToken: [] }],
    tags: described
      .filter(({ operations }) => operations.length > 0)
      .map(({ name, doc }) => ({ name, description: doc })),
    // By name: the order in which a module's exports are listed depends on what loads it.
    paths: sorted(Object.entries(paths).map(([path, methods]) => [path, sorted(Object.entries(methods))])),
    components: {
      securitySchemes: { accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: { Problem: problemSchema }
    }
  }
}

/** One service, as its `/openapi.json` and `/docs` show it. */
export const openApiOf = (service: ServiceDefinition): JsonSchema =>
  openApiDocument(`Gavel: ${service.name}`, [service])

/** The whole platform, as the gateway shows it. */
export const openApiOfPlatform = (): JsonSchema => openApiDocument('Gavel', services)
