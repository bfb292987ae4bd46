import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeCursor, encodeCursor } from './cursor.ts'

test('a cursor finds its place again', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 999_999_999_999_999 }),
      fc.option(fc.string()),
      fc.option(fc.string()),
      (position, brand, category) => {
        const filter = { brand: brand ?? undefined, category: category ?? undefined }
        return decodeCursor(encodeCursor(position, filter), filter) === position
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
  for (let index = 0; index < cursor.length; index += 1) {
    const altered = `${cursor.slice(0, index)}${cursor[index] === 'A' ? 'B' : 'A'}${cursor.slice(index + 1)}`
    expect(decodeCursor(altered, {}), altered).toBeUndefined()
  }
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
