import { assert, integer, option, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { decodeCursor, encodeCursor } from './cursor.ts'

test('a cursor finds its place again', () => {
  assert(
    property(
      integer({ min: 0, max: 999_999_999_999_999 }),
      option(string()),
      option(string()),
      (position, brand, category) => {
        const filter = { brand: brand ?? undefined, category: category ?? undefined }
        expect(decodeCursor(encodeCursor(position, filter), filter)).toBe(position)
      }
    )
  )
})

test('a cursor of another listing is none', () => {
  expect(decodeCursor(encodeCursor(12, { brand: 'Cartier' }), {})).toBeUndefined()
  expect(decodeCursor(encodeCursor(12, { brand: 'Cartier' }), { category: 'Cartier' })).toBeUndefined()
})

test('any altered character is noticed', () => {
  const cursor = encodeCursor(1234, {})
  const altered = Array.from(
    { length: cursor.length },
    (_, index) => `${cursor.slice(0, index)}${cursor[index] === 'A' ? 'B' : 'A'}${cursor.slice(index + 1)}`
  )
  expect(altered.filter((each) => decodeCursor(each, {}) !== undefined)).toEqual([])
})

test.each([
  '',
  '1',
  'garbage',
  'MTIz',
  Buffer.from('-1.abc').toString('base64url'),
  Buffer.from('1 or 1=1').toString('base64url')
])('%j is no cursor', (cursor) => {
  expect(decodeCursor(cursor, {})).toBeUndefined()
})
