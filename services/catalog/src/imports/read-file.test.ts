import { expect, test } from 'vitest'
import { readFile } from './read-file.ts'

async function read(type: string, ...chunks: (string | Buffer)[]) {
  const rows = []
  async function* source() {
    for (const chunk of chunks) yield Buffer.from(chunk)
  }
  for await (const row of readFile(type, source())) rows.push(row)
  return rows
}

test('a table, with a mark at its front and a letter cut in two by the wire', async () => {
  const bytes = Buffer.from('\uFEFFid;title;pieces\r\np;Caf\u00e9;3\r\nq;"open\nr;Lamp;x\n')
  const cut = bytes.indexOf(0xc3) + 1
  expect(await read('text/csv', bytes.subarray(0, cut), bytes.subarray(cut))).toMatchObject([
    { line: 2, status: 'read', productId: 'p', item: { fields: { title: 'Caf\u00e9' } }, stock: { available: 3 } },
    { line: 3, status: 'refused', code: 'INVALID_INPUT' },
    { line: 4, status: 'refused', productId: 'r' }
  ])
})

test('NDJSON: a line that is none does not keep the others out', async () => {
  const long = JSON.stringify({ title: 'x'.repeat(70_000) })
  expect(
    await read('application/x-ndjson', '{"title":"A"}\n\n{"title":\n', `${long}\n[]`, '\n{"title":"B"}')
  ).toMatchObject([
    { line: 1, status: 'read' },
    { line: 3, status: 'refused', code: 'MALFORMED_JSON' },
    { line: 4, status: 'refused', detail: expect.stringContaining('longer') },
    { line: 5, status: 'refused' },
    { line: 6, status: 'read' }
  ])
})

test.each(['', '\n', 'colour\nred', '"open\n'])('without a head, %j is refused as a whole', async (text) => {
  await expect(read('text/csv', text)).rejects.toMatchObject({
    code: expect.stringMatching(/^IMPORT_(EMPTY|HEADER_INVALID)$/)
  })
})

test.each([
  ['text/csv', 'title\n', 'A lamp of brass\n'],
  ['application/x-ndjson', '', '{"title":"A lamp of brass"}\n']
])('%s is asked for no further than its rows are taken', async (type, head, row) => {
  const chunk = Buffer.from(row.repeat(100))
  let asked = 0
  async function* endless() {
    yield Buffer.from(head)
    for (;;) {
      asked += 1
      yield chunk
    }
  }
  let taken = 0
  for await (const read of readFile(type, endless())) {
    expect(read.status).toBe('read')
    taken += 1
    expect(asked).toBeLessThanOrEqual(Math.ceil(taken / 100) + 1)
    if (taken === 10_000) break
  }
})
