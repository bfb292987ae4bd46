import { describe, expect, it } from 'vitest'
import { Bug, Fault, Refusal, toFailure, toProblem } from './errors.ts'

const error = (members: object, message = 'x'): Error => Object.assign(new Error(message), members)
class MongoServerError extends Error {
  override name = 'MongoServerError'
}

describe('whatever is thrown is one of three kinds', () => {
  const faults: [string, unknown, boolean][] = [
    ['a refused connection', error({ code: 'ECONNREFUSED' }), true],
    [
      'a connection refused on every address',
      Object.assign(new AggregateError([error({ code: 'ECONNREFUSED' })]), { code: 'ECONNREFUSED' }),
      true
    ],
    ['a failed fetch', new TypeError('fetch failed', { cause: error({ code: 'UND_ERR_SOCKET' }) }), true],
    ['PostgreSQL shutting down', error({ code: '57P01' }), true],
    ['PostgreSQL out of connections', error({ code: '53300' }), true],
    ['a broken PostgreSQL connection', new Error('Connection terminated unexpectedly'), true],
    ['a PostgreSQL pool that waits in vain', new Error('timeout exceeded when trying to connect'), true],
    ['a serialization failure', error({ code: '40001' }), false],
    ['a deadlock', error({ code: '40P01' }), false],
    ['a statement that took too long', error({ code: '57014' }), false],
    ['a MongoDB without primary', error({ name: 'MongoServerSelectionError' }), true],
    ['a MongoDB that steps down', Object.assign(new MongoServerError('not primary'), { code: 10107 }), true],
    ['a MongoDB write conflict', Object.assign(new MongoServerError('conflict'), { code: 112 }), false],
    ['Kafka that does not answer', error({ name: 'KafkaJSNumberOfRetriesExceeded' }), true],
    ['a Kafka error that may pass', error({ name: 'KafkaJSProtocolError', retriable: true }), false],
    ['a Redis that is away', new Error("Stream isn't writeable and enableOfflineQueue options is false"), true],
    ['a time-out', AbortSignal.abort(new DOMException('x', 'TimeoutError')).reason, false]
  ]
  it.each(faults)('%s is a Fault', (_name, thrown, unreachable) => {
    const failure = toFailure(thrown)
    expect(failure).toBeInstanceOf(Fault)
    expect(failure).toMatchObject({ retryable: true, unreachable })
  })

  const bugs: [string, unknown][] = [
    ['a TypeError', new TypeError('x is not a function')],
    ['a violated constraint', error({ code: '23505' })],
    ['wrong SQL', error({ code: '42601' })],
    ['a duplicate key in MongoDB', Object.assign(new MongoServerError('E11000'), { code: 11000 })],
    ['a text', 'oops'],
    ['nothing', undefined],
    ['null', null],
    ['a number', 7],
    ['an object without a prototype', Object.create(null)],
    [
      'an error whose cause is itself',
      (() => {
        const round = error({})
        round.cause = round
        return round
      })()
    ]
  ]
  it.each(bugs)('%s is a Bug', (_name, thrown) => {
    expect(toFailure(thrown)).toBeInstanceOf(Bug)
  })

  it('what is one already stays what it is', () => {
    for (const failure of [new Refusal('NOT_FOUND'), new Fault('x'), new Bug('x')])
      expect(toFailure(failure)).toBe(failure)
  })
})

describe('problem documents', () => {
  it('a refusal tells its code and its details, which cannot pose as its own members', () => {
    expect(toProblem(new Refusal('RATE_LIMITED', { left: 0, status: 200, code: 'X', title: 'Y' }), '/here')).toEqual({
      status: 429,
      body: {
        type: 'https://gavel.dev/problems/RATE_LIMITED',
        title: 'Too many requests: wait and try again',
        status: 429,
        code: 'RATE_LIMITED',
        left: 0,
        instance: '/here'
      }
    })
  })

  it('faults and bugs tell nothing', () => {
    expect(JSON.stringify(toProblem(new Fault('host 10.1.2.3')))).not.toContain('10.1.2.3')
    expect(toProblem(new Fault('x')).body.code).toBe('UNAVAILABLE')
    expect(toProblem(new Error('at /home/x')).body).not.toHaveProperty('detail')
    expect(toProblem('x').status).toBe(500)
  })
})
