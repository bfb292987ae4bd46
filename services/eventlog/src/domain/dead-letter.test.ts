import { describe, expect, test } from 'vitest'
import { deadLetterOf, headersAsText, payloadOf, replayHeaders, type FallenRecord } from './dead-letter.ts'

const origin = { deadLetterTopic: 'order.payments.dlq', group: 'order.payments', topic: 'payments' }
const aRecord = (over: Partial<FallenRecord> = {}): FallenRecord => ({
  partition: 0,
  offset: '7',
  key: Buffer.from('a'),
  value: Buffer.from('{}'),
  headers: {},
  timestamp: 5_000,
  ...over
})

describe('a record that was put away', () => {
  test('is what its headers tell, and keeps its own headers alone', () => {
    const headers = {
      ce_id: Buffer.from('1'),
      dead_reason: Buffer.from('fault'),
      dead_error: Buffer.from('Fault: away'),
      dead_topic: Buffer.from('elsewhere'),
      dead_partition: Buffer.from('3'),
      dead_offset: Buffer.from('44'),
      dead_attempts: Buffer.from('8'),
      dead_time: Buffer.from('2026-01-01T00:00:00.000Z')
    }
    expect(deadLetterOf(origin, aRecord({ headers }))).toMatchObject({
      ...origin,
      deadLetterPartition: 0,
      deadLetterOffset: '7',
      partition: 3,
      offset: 44,
      attempts: 8,
      reason: 'fault',
      error: 'Fault: away',
      diedAt: Date.UTC(2026, 0, 1),
      headers: [['ce_id', 'MQ==']]
    })
  })

  test.each([
    [{}],
    [{ dead_reason: 'x', dead_offset: '99999999999999999999', dead_partition: '-1', dead_attempts: '1e3' }],
    [{ dead_time: 'yesterday', dead_offset: ['a', 'b'], dead_partition: '2147483648' }],
    [{ dead_time: '-000001-01-01T00:00:00Z', dead_reason: undefined }]
  ])('with headers that make no sense is kept all the same: %j', (headers) => {
    expect(deadLetterOf(origin, aRecord({ headers }))).toMatchObject({
      partition: null,
      offset: null,
      attempts: null,
      reason: 'unknown',
      error: '',
      diedAt: 5_000,
      headers: []
    })
  })

  test('has an error that a database can keep', () => {
    const headers = { dead_error: `a\u0000${'b'.repeat(998)}😀` }
    expect(deadLetterOf(origin, aRecord({ headers })).error).toBe(`a${'b'.repeat(998)}\uFFFD`)
  })
})

test('headers go back as they came, byte by byte, and are shown as text', () => {
  const headers = {
    one: Buffer.from([0, 255]),
    two: [Buffer.from('a'), Buffer.from('b')],
    'ce_\u0000': Buffer.from('c')
  }
  const stored = deadLetterOf(origin, aRecord({ headers })).headers
  expect(replayHeaders(stored)).toEqual(headers)
  expect(headersAsText(stored)).toEqual({ one: '\u0000\uFFFD', two: 'a', 'ce_\u0000': 'c' })
})

test.each([
  [null, undefined],
  ['{"a":[1]}', { payload: { a: [1] } }],
  ['null', { payload: null }],
  ['', { payloadBase64: '' }],
  ['{"a":', { payloadBase64: 'eyJhIjo=' }],
  [Buffer.from([0x22, 0xff, 0x22]), { payloadBase64: 'Iv8i' }]
])('the value %j is shown as JSON where it is that', (value, shown) => {
  expect(payloadOf(value === null ? null : Buffer.from(value))).toEqual(shown)
})
