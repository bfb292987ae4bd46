import { randomBytes } from 'node:crypto'
import { listAudit, listEvents } from '@gavel/contracts/api/eventlog.ts'
import type { Operation } from '@gavel/contracts/define.ts'
import { errors, sharedErrors, type ErrorCode } from '@gavel/contracts/errors.ts'
import { plainSchema } from '@gavel/contracts/json-schema.ts'
import { services } from '@gavel/contracts/services.ts'
import { createAjv } from '@gavel/platform/schema.ts'
import { createGateway, type Gateway } from '@gavel/standalone/client/gateway.ts'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fitting, nearly, type Schema } from '../support/arbitrary.ts'
import { allCredentials } from '../support/credentials.ts'
import { eventually } from '../support/eventually.ts'
import { sharedPlatform } from '../support/platform.ts'

/**
 * Every operation with inputs made from its own schemas, by an admin, who gets past every door: the answer is one that the operation
 * declares, never a 500, and what does not fit is refused and reaches no handler.
 */
const RUNS = 8
/** Printed with a failure, which it repeats. */
const seed = Number(process.env['FUZZ_SEED'] ?? randomBytes(4).readInt32BE())

let gateway: Gateway
let url: string
let admin: string
let adminToken: string
beforeAll(async () => {
  const platform = sharedPlatform()
  url = platform.url
  gateway = createGateway(url)
  admin = (await allCredentials(platform, gateway)).admin ?? ''
  adminToken = admin.slice('Bearer '.length)
})
afterAll(() => gateway.close())

interface Input {
  params: Record<string, string>
  query: Record<string, unknown>
  body: unknown
}

interface Answer {
  status: number
  contentType: string
  text: string
}

/** Each phase has a trace of its own: whatever it caused carries it. */
const aTrace = (): string => randomBytes(16).toString('hex')

async function send(operation: Operation, input: Input, traceId: string): Promise<Answer> {
  const path = operation.path.replace(/:(\w+)/g, (_all, name: string) =>
    encodeURIComponent(wellFormed(input.params[name]))
  )
  const query = new URLSearchParams(
    Object.entries(input.query).map(([name, value]): [string, string] => [name, wellFormed(value)])
  ).toString()
  const hasBody = operation.method !== 'GET' && input.body !== undefined
  const response = await fetch(`${url}${path}${query === '' ? '' : `?${query}`}`, {
    method: operation.method,
    headers: {
      authorization: admin,
      traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01`,
      ...(hasBody ? { 'content-type': 'application/json' } : {})
    },
    ...(hasBody ? { body: JSON.stringify(input.body) } : {}),
    // A bound against hanging, far above what any answer takes.
    signal: AbortSignal.timeout(60_000)
  })
  const contentType = response.headers.get('content-type') ?? ''
  if (contentType.startsWith('text/event-stream')) {
    await response.body?.cancel()
    return { status: response.status, contentType, text: '' }
  }
  return { status: response.status, contentType, text: await response.text() }
}

/** An address is text; halves of surrogate pairs cannot be written in it. */
const wellFormed = (value: unknown): string =>
  (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).toWellFormed()

const bodies = createAjv({ coerce: false })
const texts = createAjv({ coerce: true })
const schemaOf = (part: unknown): Schema => plainSchema(part) as Schema

const declared = ({ errors: own, role }: Operation): readonly ErrorCode[] => [
  ...own,
  ...sharedErrors.filter((code) => code !== 'INTERNAL' && code !== 'UNAVAILABLE'),
  ...(role === 'public' ? [] : (['UNAUTHENTICATED'] as const)),
  ...(role === 'admin' ? (['FORBIDDEN'] as const) : [])
]

/** The code of a problem; undefined for a success. Fails where the answer is neither of the operation's own. */
function check(operation: Operation, { status, contentType, text }: Answer): ErrorCode | undefined {
  if (status in operation.responses) {
    const schema = operation.responses[status]
    if (schema && !operation.stream) {
      const validate = bodies.compile(plainSchema(schema))
      expect(validate(JSON.parse(text)), JSON.stringify(validate.errors)).toBe(true)
    }
    return undefined
  }
  expect(contentType, `${status} ${text.slice(0, 300)}`).toMatch(/^application\/problem\+json/)
  const problem = JSON.parse(text) as { code: ErrorCode; status: number }
  expect(declared(operation), text.slice(0, 500)).toContain(problem.code)
  expect([status, problem.status]).toEqual([errors[problem.code].status, errors[problem.code].status])
  return problem.code
}

const none = fc.constant({})
const partsOf = (operation: Operation, body: (schema: Schema) => fc.Arbitrary<unknown>): fc.Arbitrary<Input> =>
  fc.record({
    params: (operation.params ? fitting(schemaOf(operation.params)) : none) as fc.Arbitrary<Record<string, string>>,
    query: (operation.query ? fitting(schemaOf(operation.query)) : none) as fc.Arbitrary<Record<string, unknown>>,
    body: operation.body ? body(schemaOf(operation.body)) : fc.constant(undefined)
  })

const brokenQuery = fc.constantFrom<Record<string, unknown>>(
  { noSuchParameter: '1' },
  { limit: '0' },
  { limit: 'many' },
  { limit: '99999999999999999999' },
  { cursor: '' },
  { 'a[b]': '1' },
  { constructor: '1' }
)
const brokenId = fc.constantFrom('a b', '\u0000', 'x'.repeat(200), '{"$gt":""}', 'é', '%', "'", 'a;b', '..')

/** Something is wrong in one part of it; where it fits after all, it is left out. */
function broken(operation: Operation): fc.Arbitrary<Input> {
  const whole = partsOf(operation, fitting)
  const wrong: fc.Arbitrary<Input>[] = [
    fc.tuple(whole, brokenQuery).map(([input, query]) => ({ ...input, query: { ...input.query, ...query } }))
  ]
  if (operation.body) wrong.push(partsOf(operation, nearly))
  if (operation.params) {
    const names = Object.keys(schemaOf(operation.params).properties ?? {})
    wrong.push(
      fc
        .tuple(whole, fc.constantFrom(...names), brokenId)
        .map(([input, name, id]) => ({ ...input, params: { ...input.params, [name]: id } }))
    )
  }
  return fc.oneof(...wrong).filter((input) => !fits(operation, input))
}

function fits(operation: Operation, { params, query, body }: Input): boolean {
  // JSON has no undefined, and what is compared is what arrives.
  const arrived = body === undefined ? undefined : (JSON.parse(JSON.stringify(body)) as unknown)
  const ofText = (schema: unknown, value: Record<string, unknown>): boolean =>
    texts.compile(schema ? plainSchema(schema) : { type: 'object', additionalProperties: false, properties: {} })(
      Object.fromEntries(Object.entries(value).map(([name, each]) => [name, wellFormed(each)]))
    ) as boolean
  return (
    (!operation.body || (bodies.compile(plainSchema(operation.body))(arrived) as boolean)) &&
    ofText(operation.query, query) &&
    (!operation.params || ofText(operation.params, params))
  )
}

const operations = services.flatMap(({ operations: own }) => own.map((operation) => [operation.id, operation] as const))

describe('input that fits', () => {
  test.each(operations)('%s answers what it declares', async (_id, operation) => {
    await fc.assert(
      fc.asyncProperty(partsOf(operation, fitting), async (input) => {
        const answer = await send(operation, input, aTrace())
        // The platform's readiness is a 503 by design.
        if (!(answer.status in operation.responses)) expect(answer.status, answer.text.slice(0, 300)).toBeLessThan(500)
        check(operation, answer)
      }),
      { numRuns: RUNS, seed, interruptAfterTimeLimit: 90_000, markInterruptAsFailure: true }
    )
  })
})

describe('input that does not fit', () => {
  const traceId = aTrace()

  test.each(operations)('%s refuses it', async (_id, operation) => {
    await fc.assert(
      fc.asyncProperty(broken(operation), async (input) => {
        const code = check(operation, await send(operation, input, traceId))
        // A path with `..` or an escaped slash is another path, or none.
        expect(['INVALID_INPUT', 'NOT_FOUND', 'METHOD_NOT_ALLOWED', 'BODY_TOO_LARGE']).toContain(code)
      }),
      { numRuns: RUNS, seed, interruptAfterTimeLimit: 90_000, markInterruptAsFailure: true }
    )
  })

  test('none of it reached a handler: there is no act and no event of it', async () => {
    // One that is good, so that the log is known to have come this far.
    const mark = aTrace()
    const key = operations.find(([id]) => id === 'rotateKey')![1]
    await send(key, { params: {}, query: {}, body: undefined }, mark)
    const acts = await eventually(
      async () => {
        const { items } = await gateway.call(listAudit, { query: { limit: 200 } }, { token: adminToken })
        return items.some((act) => act.traceId === mark) && items
      },
      { what: 'the last act to be in the log' }
    )
    expect(acts.filter((act) => act.traceId === traceId)).toEqual([])
    const { items } = await gateway.call(
      listEvents,
      { query: { order: 'newest-first', limit: 200 } },
      { token: adminToken }
    )
    expect(items.filter(({ traceparent }) => traceparent?.includes(traceId))).toEqual([])
  })
})
