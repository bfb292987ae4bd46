import { array, assert, constantFrom, integer, property, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CsvReader, csvLine, separatorOf, type CsvRecord, type Separator } from './csv.ts'

const read = (
  pieces: readonly string[],
  { lengthMax = 1_000, separator }: { lengthMax?: number; separator?: Separator } = {}
) => {
  const reader = new CsvReader({ lengthMax, ...(separator && { separator }) })
  return [...pieces.flatMap((piece) => [...reader.push(piece)]), ...reader.push('', true)]
}
const cut = (text: string, size: number): string[] =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, index) => text.slice(index * size, (index + 1) * size))
const lines = (records: readonly CsvRecord[]): unknown[] =>
  records.map((record) => ('wrong' in record ? [record.line, 'wrong'] : [record.line, ...record.cells]))

describe('what spreadsheets write', () => {
  test('quotes, line ends of both kinds, lines in cells, empty rows, no line end at the end', () => {
    expect(lines(read(['a;b\r\n"x;""y""";"two\nlines"\r\n\r\n;\nlast;']))).toEqual([
      [1, 'a', 'b'],
      [2, 'x;"y"', 'two\nlines'],
      [6, 'last', '']
    ])
  })

  test('any table comes back as it was, however it is cut into pieces', () => {
    const cell = string({ unit: constantFrom('a', '"', ',', ';', '\n', '\r', ' ', 'é'), maxLength: 6 })
    const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`
    assert(
      property(
        array(array(cell, { minLength: 1, maxLength: 4 }), { maxLength: 6 }),
        integer({ min: 1, max: 9 }),
        (table, size) => {
          const text = table.map((row) => `${row.map(quoted).join(',')}\r\n`).join('')
          const cells = read(cut(text, size), { separator: ',' }).map((record) =>
            'cells' in record ? record.cells : record
          )
          expect(cells).toEqual(table.filter((row) => row.some((each) => each !== '')))
        }
      )
    )
  })

  test.each([
    ['a,b;c', ','],
    ['a;b;c,d', ';'],
    ['a\tb', '\t'],
    ['title', ',']
  ])('%j is separated by %j', (head, separator) => expect(separatorOf(head)).toBe(separator))
})

describe('a row that cannot be read', () => {
  test.each([
    [
      'a quote that is never closed',
      '1,"open\n2,b\n3,c\n',
      [
        [1, 'wrong'],
        [2, '2', 'b'],
        [3, '3', 'c']
      ]
    ],
    [
      'something behind a closing quote',
      '1,"a"x\n2,b\n',
      [
        [1, 'wrong'],
        [2, '2', 'b']
      ]
    ],
    [
      'a quote inside a cell is a letter',
      '1,6" nail\n2,b\n',
      [
        [1, '1', '6" nail'],
        [2, '2', 'b']
      ]
    ],
    [
      'too long a line',
      `1,${'x'.repeat(200)}\n2,b\n`,
      [
        [1, 'wrong'],
        [2, '2', 'b']
      ]
    ],
    [
      'too long a line at the end',
      `1,b\n2,${'x'.repeat(200)}`,
      [
        [1, '1', 'b'],
        [2, 'wrong']
      ]
    ],
    [
      'too long a quoted cell',
      `1,"${'x\n'.repeat(100)}"\n`,
      [[1, 'wrong'], ...Array.from({ length: 99 }, (_, row) => [row + 2, 'x']), [101, 'wrong']]
    ]
  ])('%s costs its own line alone, however it is cut', (_what, text, expected) => {
    for (const size of [1, 7, 1_000])
      expect(lines(read(cut(text, size), { lengthMax: 100, separator: ',' })), `${size}`).toEqual(expected)
  })

  test('nothing longer than a row is held', () => {
    const reader = new CsvReader({ lengthMax: 100 })
    const records = Array.from({ length: 5_000 }, () => [...reader.push('"x'.repeat(10))]).flat()
    expect(records).toHaveLength(1)
    expect([...reader.push('\na,b\n')]).toEqual([{ line: 2, cells: ['a', 'b'] }])
  })
})

test('a cell that a spreadsheet would carry out is text', () => {
  expect(csvLine(['1', '=HYPERLINK("x")', '-1', 'a,b'])).toBe(`1,"'=HYPERLINK(""x"")",'-1,"a,b"\r\n`)
})
