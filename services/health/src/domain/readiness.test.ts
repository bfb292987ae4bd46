import { PlatformReadiness } from '@gavel/contracts/api/health.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Value } from 'typebox/value'
import { type Finding, platformReadiness, serviceReadiness } from './readiness.ts'

const well: Finding = { answered: true, status: 200, body: { status: 'ready', parts: { postgres: { status: 'up' } } } }

test('all ready is ready, with each part named', () => {
  expect(platformReadiness({ order: well, payment: well }, 7)).toEqual({
    status: 'ready',
    checkedAt: 7,
    services: {
      order: { status: 'ready', parts: { postgres: { status: 'up' } } },
      payment: { status: 'ready', parts: { postgres: { status: 'up' } } }
    }
  })
})

const cases: [string, Finding, ReturnType<typeof serviceReadiness>][] = [
  [
    'a part that its service can do without is shown down, and the service ready',
    {
      answered: true,
      status: 200,
      body: { status: 'ready', parts: { kafka: { status: 'down', error: 'ECONNREFUSED' } } }
    },
    { status: 'ready', parts: { kafka: { status: 'down', error: 'ECONNREFUSED' } } }
  ],
  [
    'a part that its service needs makes it not ready',
    {
      answered: true,
      status: 503,
      body: { status: 'not-ready', parts: { postgres: { status: 'down', error: 'ECONNREFUSED' } } }
    },
    { status: 'not-ready', parts: { postgres: { status: 'down', error: 'ECONNREFUSED' } } }
  ],
  [
    'a service that cannot be asked is unreachable',
    { answered: false, error: 'ECONNREFUSED' },
    { status: 'unreachable', parts: { process: { status: 'down', error: 'ECONNREFUSED' } } }
  ],
  [
    'an answer without parts and without 200 is not ready',
    { answered: true, status: 500, body: 'oops' },
    { status: 'not-ready', parts: { process: { status: 'down', error: 'answered 500' } } }
  ],
  [
    'a service without parts is ready when it says so',
    { answered: true, status: 200, body: {} },
    { status: 'ready', parts: {} }
  ],
  [
    'a part of an unknown form is down',
    { answered: true, status: 200, body: { parts: { redis: 'fine' } } },
    { status: 'ready', parts: { redis: { status: 'down', error: 'the answer has an unknown form' } } }
  ]
]

test.each(cases)('%s', (_, finding, expected) => {
  expect(serviceReadiness(finding)).toEqual(expected)
})

test('one service that is not ready makes the platform not ready', () => {
  expect(platformReadiness({ order: well, payment: { answered: false, error: 'x' } }, 0).status).toBe('not-ready')
})

test('whatever a service answers, the platform’s answer keeps its form', () => {
  const finding = fc.oneof(
    fc.record({
      answered: fc.constant(true as const),
      status: fc.integer({ min: 100, max: 599 }),
      body: fc.anything()
    }),
    fc.record({ answered: fc.constant(false as const), error: fc.string({ maxLength: 1000 }) })
  )
  fc.assert(
    fc.property(fc.dictionary(fc.string(), finding), (findings) => {
      expect(Value.Check(PlatformReadiness, platformReadiness(findings, 1))).toBe(true)
    })
  )
})
