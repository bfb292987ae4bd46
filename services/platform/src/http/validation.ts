import type { FastifySchemaCompiler } from 'fastify'
import { createAjv } from '../schema.ts'

export function createValidatorCompiler(): FastifySchemaCompiler<unknown> {
  const bodies = createAjv({ coerce: false })
  const texts = createAjv({ coerce: true })
  return ({ schema, httpPart }) => (httpPart === 'body' ? bodies : texts).compile(schema as object)
}

/** How people call the parts of a request. */
export const partNames: Record<string, string> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'headers'
}
