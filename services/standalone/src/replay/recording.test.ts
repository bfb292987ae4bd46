import { describe, expect, test } from 'vitest'
import { readCsv } from './csv.ts'
import { readRecording } from './recording.ts'
import { parseAmountMinor } from './row.ts'

const header = 'auctionid,bid,bidtime,bidder,bidderrate,openbid,price,item,auction_type'
const row = (changes: Partial<Record<string, string>> = {}): string => {
  const fields: Record<string, string> = {
    auctionid: '1',
    bid: '10',
    bidtime: '0.5',
    bidder: 'anna',
    bidderrate: '3',
    openbid: '1',
    price: '20',
    item: 'Lamp',
    auction_type: '3 day'
  }
  return header
    .split(',')
    .map((name) => changes[name] ?? fields[name])
    .join(',')
}
const recording = (...rows: string[]) => readRecording([header, ...rows].join('\n'))

describe('reading CSV', () => {
  const fieldsOf = (text: string) =>
    [...readCsv(text)].map((record) => ('fields' in record ? record.fields : record.problem))

  test.each([
    [
      'plain',
      'a,b\nc,d\n',
      [
        ['a', 'b'],
        ['c', 'd']
      ]
    ],
    [
      'CRLF and no last line end',
      'a,b\r\nc,d',
      [
        ['a', 'b'],
        ['c', 'd']
      ]
    ],
    ['a byte order mark', '\uFEFFa,b\n', [['a', 'b']]],
    ['quotes, commas and doubled quotes', '"a,1","say ""hi"""\n', [['a,1', 'say "hi"']]],
    ['a line break inside quotes', '"a\nb",c\n', [['a\nb', 'c']]],
    [
      'empty fields',
      ',\n"",x\n',
      [
        ['', ''],
        ['', 'x']
      ]
    ],
    [
      'blank lines',
      'a,b\n\n   \r\nc,d\n',
      [
        ['a', 'b'],
        ['c', 'd']
      ]
    ],
    ['a stray quote', 'a"b,c\nd,e\n', ['a quote stands inside an unquoted field', ['d', 'e']]],
    ['text after a closing quote', '"a"b,c\nd,e\n', ['text follows a closing quote', ['d', 'e']]],
    ['a quote never closed', '"a,b\nc,d\n', ['a quote is opened and never closed', ['c', 'd']]],
    ['nothing', '', []]
  ])('%s', (_name, text, expected) => expect(fieldsOf(text)).toEqual(expected))

  test('lines are counted through quoted line breaks and blank lines', () => {
    expect([...readCsv('a\n"b\nc"\n\nd\n')].map(({ line }) => line)).toEqual([1, 2, 5])
  })
})

test.each([
  ['175', 17500],
  ['175.5', 17550],
  ['1.15', 115],
  ['0.01', 1],
  ['.5', 50],
  ['007', 700],
  ['1.005', '"1.005" has more than two decimals'],
  ['-5', '"-5" is negative'],
  ['0', '"0" is not above zero'],
  ['0.00', '"0.00" is not above zero'],
  ['', '"" is not an amount'],
  ['1,5', '"1,5" is not an amount'],
  ['1e3', '"1e3" is not an amount'],
  ['.', '"." is not an amount'],
  ['5.', '"5." is not an amount'],
  ['9999999999999', '"9999999999999" is more than the platform takes']
])('the amount %j is %j', (text, expected) => {
  const parsed = parseAmountMinor(text)
  expect(typeof parsed === 'object' ? parsed.problem : parsed).toBe(expected)
})

describe('a recording', () => {
  test('bids are ordered by time, and by line where times are equal', () => {
    const { auctions } = recording(
      row({ bid: '30', bidtime: '2' }),
      row({ bid: '10', bidtime: '1', bidder: 'bo' }),
      row({ bid: '20', bidtime: '1' }),
      row({ bid: '5', bidtime: '0' })
    )
    expect(auctions[0]!.bids.map(({ amountMinor }) => amountMinor)).toEqual([500, 1000, 2000, 3000])
  })

  test('rows of several auctions may be mixed', () => {
    const { auctions } = recording(row(), row({ auctionid: '2' }), row({ bid: '12' }))
    expect(auctions.map(({ auctionId, bids }) => [auctionId, bids.length])).toEqual([
      ['1', 2],
      ['2', 1]
    ])
  })

  test('bad rows are named by line and the rest is kept', () => {
    const { auctions, badRows, contradictions } = recording(
      row(),
      row({ bid: '-3' }),
      row({ bid: '1.234', bidtime: 'soon' }),
      '1,2',
      row({ bidder: '' }),
      row({ bidtime: '-1' }),
      row({ openbid: '2' }),
      row({ bid: '"9' }),
      row({ bid: '14' })
    )
    expect(auctions[0]!.bids.map(({ line }) => line)).toEqual([2, 8, 10])
    expect(badRows).toEqual([
      { line: 3, problem: 'bid "-3" is negative' },
      { line: 4, problem: 'bid "1.234" has more than two decimals, bidtime "soon" is not a number of days' },
      { line: 5, problem: 'has 2 fields where the header has 9' },
      { line: 6, problem: 'bidder is empty' },
      { line: 7, problem: 'bidtime "-1" is before the opening' },
      { line: 9, problem: 'a quote is opened and never closed' }
    ])
    expect(contradictions).toEqual([{ line: 8, problem: 'openbid differs from line 2 of the same auction' }])
    expect(auctions[0]!.openingPriceMinor).toBe(100)
  })

  test('columns may stand in any order, and further ones are read past', () => {
    const { auctions } = readRecording(
      'Price, item ,extra,bid,bidtime,bidder,openbid,auctionid\n20,Lamp,x,10,1,anna,1,7\n'
    )
    expect(auctions).toEqual([
      {
        auctionId: '7',
        item: 'Lamp',
        openingPriceMinor: 100,
        recordedPriceMinor: 2000,
        bids: [{ line: 2, bidder: 'anna', amountMinor: 1000, atDays: 1 }]
      }
    ])
  })

  test('a file of another kind is refused in one sentence', () => {
    expect(() => readRecording('a,b\n1,2\n')).toThrow(/not a recording of auctions: the column auctionid is missing/)
    expect(() => readRecording('')).toThrow('The recording is empty.')
    expect(() => readRecording(`${header},bid\n`)).toThrow('the column bid stands twice')
  })

  test('a recording without a good row has no auctions', () => {
    expect(recording(row({ price: 'x' }))).toEqual({
      auctions: [],
      badRows: [{ line: 2, problem: 'price "x" is not an amount' }],
      contradictions: []
    })
  })
})
