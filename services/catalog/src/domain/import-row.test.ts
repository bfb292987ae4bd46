import { describe, expect, test } from 'vitest'
import { columnsOf, lineOf, readRow } from './import-row.ts'

const read = (row: unknown) => readRow(row, () => 'made')

describe('a row', () => {
  test.each([
    [{ title: 'Lamp' }, 'made', { kind: 'put', fields: { title: 'Lamp' } }, undefined],
    [
      { productId: 'p', title: 'Lamp', available: 3 },
      'p',
      { kind: 'put', fields: { title: 'Lamp' } },
      { kind: 'set', available: 3, location: 'main' }
    ],
    [{ productId: 'p', brand: 'B' }, 'p', { kind: 'change', fields: { brand: 'B' } }, undefined],
    [
      { action: 'add', title: 'Lamp', description: '' },
      'made',
      { kind: 'add', fields: { title: 'Lamp', description: '' } },
      undefined
    ],
    [
      { action: 'change', productId: 'p', title: 'Lamp' },
      'p',
      { kind: 'change', fields: { title: 'Lamp' } },
      undefined
    ],
    [{ action: 'remove', productId: 'p' }, 'p', { kind: 'remove' }, undefined],
    [
      { productId: 'p', delta: -2, location: 'north', reason: 'broken' },
      'p',
      undefined,
      { kind: 'adjust', delta: -2, location: 'north', reason: 'broken' }
    ]
  ])('%j asks for what it says', (row, productId, item, stock) => {
    expect(read(row)).toEqual({ status: 'read', productId, item, stock })
  })

  test.each([
    [{}, 'nothing that could be done'],
    [{ productId: 'p' }, 'nothing that could be done'],
    [{ brand: 'B' }, 'lacks the member productId'],
    [{ available: 1 }, 'lacks the member productId'],
    [{ action: 'add', productId: 'p' }, 'lacks the member title'],
    [{ action: 'change', productId: 'p' }, 'says change, and not what'],
    [{ action: 'remove', productId: 'p', title: 'x' }, 'cannot change it too'],
    [{ action: 'remove', productId: 'p', available: 0 }, 'cannot give it stock'],
    [{ productId: 'p', available: 1, delta: 1 }, 'either set'],
    [{ productId: 'p', location: 'north' }, 'belong to available'],
    [{ productId: 'a b', title: 'x' }, 'productId must match'],
    [{ title: ' ' }, 'title must match'],
    [{ title: 'x\u0000' }, 'title must match'],
    [{ title: 'caf\uFFFD' }, 'not UTF-8'],
    [{ title: 'half \ud83d' }, 'not UTF-8'],
    [{ productId: 'p', available: 'many' }, 'available must be of type'],
    [{ productId: 'p', available: 1.5 }, 'available must be'],
    [{ productId: 'p', available: 1e12 }, 'available must be'],
    [{ title: 'x', colour: 'red' }, 'not known here: colour'],
    [['title'], 'must be of type object'],
    [null, 'must be of type object']
  ])('%j is refused and says why', (row, detail) => {
    expect(read(row)).toMatchObject({
      status: 'refused',
      code: 'INVALID_INPUT',
      detail: expect.stringContaining(detail)
    })
  })

  test('what is refused is named, where its name is one', () => {
    expect(read({ productId: 'p', available: -1 })).toMatchObject({ productId: 'p' })
    expect(read({ productId: 'a b' })).toMatchObject({ productId: undefined })
  })
})

describe('a table', () => {
  test('has columns by the names of the API, and by those that people use', () => {
    expect(columnsOf(['SKU', ' Title ', 'pieces', 'Location'])).toEqual(['productId', 'title', 'available', 'location'])
  })

  test.each([
    [['title', 'colour'], 'no column "colour"'],
    [['title', ''], 'no column ""'],
    [['title', 'name'], 'named twice'],
    [['brand'], 'Neither']
  ])('with the head %j is none', (head, why) => expect(columnsOf(head)).toContain(why))

  test('an empty cell says nothing, a number is one, and what is none stays to be refused', () => {
    const columns = columnsOf(['id', 'description', 'pieces', 'delta'])
    if (typeof columns === 'string') throw new Error(columns)
    expect(lineOf(columns, [' p ', ' two  words', '007', ''])).toEqual({
      productId: 'p',
      description: ' two  words',
      available: 7
    })
    expect(lineOf(columns, ['p', '', '3x', '-4'])).toEqual({ productId: 'p', available: '3x', delta: -4 })
    expect(lineOf(columns, ['p'])).toEqual({ productId: 'p' })
    expect(lineOf(columns, ['p', '', '', '', '', 'more'])).toContain('6 cells for 4 columns')
  })
})
