import { describe, expect, it } from 'vitest'
import { asyncApiDocument } from './asyncapi.ts'
import { plainSchema } from './json-schema.ts'
import { openApiOfPlatform } from './openapi.ts'
import { senders, services } from './services.ts'
import { audit, topics } from './topics.ts'
import { Type } from 'typebox'

describe('plainSchema', () => {
  it('writes a choice of literals as an enum', () => {
    expect(plainSchema(Type.Union([Type.Literal('a'), Type.Literal('b')]))).toEqual({
      type: 'string',
      enum: ['a', 'b']
    })
  })

  it('writes something or null as two types', () => {
    expect(plainSchema(Type.Union([Type.String({ maxLength: 3 }), Type.Null()]))).toEqual({
      type: ['string', 'null'],
      maxLength: 3
    })
  })

  it('keeps a choice of objects', () => {
    const choice = Type.Union([Type.Object({ a: Type.String() }), Type.Object({ b: Type.String() })])
    expect(plainSchema(choice).anyOf).toHaveLength(2)
  })
})

describe('the OpenAPI document', () => {
  const paths = openApiOfPlatform().paths as Record<
    string,
    Record<string, { operationId: string; responses: Record<string, unknown> }>
  >

  it('has every operation once, with the problems it may answer', () => {
    const ids = Object.values(paths).flatMap((path) => Object.values(path).map(({ operationId }) => operationId))
    expect(ids.sort()).toEqual(services.flatMap(({ operations }) => operations.map(({ id }) => id)).sort())
    for (const path of Object.values(paths))
      for (const { responses } of Object.values(path)) expect(responses).toHaveProperty('400')
  })

  it('names every parameter of a path', () => {
    for (const [path, methods] of Object.entries(paths)) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      for (const operation of Object.values(methods) as { parameters?: { in: string; name: string }[] }[]) {
        expect(
          (operation.parameters ?? []).filter((parameter) => parameter.in === 'path').map(({ name }) => name)
        ).toEqual(named)
      }
    }
  })
})

describe('the AsyncAPI document', () => {
  it('has a channel for each topic of events, its senders, and each of its readers', () => {
    const { channels, operations } = asyncApiDocument() as {
      channels: object
      operations: Record<string, { action: string }>
    }
    expect(Object.keys(channels)).toHaveLength(topics.length)
    const actions = Object.values(operations).map(({ action }) => action)
    expect(actions.filter((action) => action === 'send')).toHaveLength(topics.flatMap(senders).length)
    for (const topic of topics) expect(senders(topic).length === 1 || topic === audit, topic.name).toBe(true)
    expect(senders(audit)).toEqual(expect.arrayContaining(['identity', 'catalog', 'bidding', 'inventory', 'eventlog']))
    expect(actions.filter((action) => action === 'receive')).toHaveLength(
      services.flatMap(({ consumes }) => consumes.filter((topic) => topics.includes(topic))).length
    )
  })
})
