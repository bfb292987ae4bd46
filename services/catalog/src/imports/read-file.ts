import { randomUUID } from 'node:crypto'
import { IMPORT_ROW_LENGTH_MAX, type ImportLine } from '@gavel/contracts/api/catalog.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { CsvReader, separatorOf, type CsvRecord } from '../domain/csv.ts'
import { columnsOf, lineOf, readRow } from '../domain/import-row.ts'
import type { StagedRow } from '../store/imports/receive.ts'

const unreadable = (
  line: number,
  detail: string,
  code: 'INVALID_INPUT' | 'MALFORMED_JSON' = 'INVALID_INPUT'
): StagedRow => ({
  status: 'refused',
  line,
  code,
  detail,
  productId: undefined
})

async function* textOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  // A mark at the front is taken away; what is not UTF-8 becomes a sign that `readRow` refuses.
  const decoder = new TextDecoder()
  for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true })
  yield decoder.decode()
}

/** Rows as they are read, each good or refused. Throws a Refusal where the head is not one. Holds no more than one row and one chunk. */
export async function* readFile(type: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<StagedRow> {
  yield* type === 'text/csv' ? readCsv(textOf(chunks)) : readNdjson(textOf(chunks))
}

async function* recordsOf(texts: AsyncIterable<string>): AsyncGenerator<CsvRecord> {
  let reader: CsvReader | undefined
  let head = ''
  for await (const text of texts) {
    if (reader) {
      yield* reader.push(text)
      continue
    }
    head += text
    const end = head.indexOf('\n')
    if (end < 0 && head.length <= IMPORT_ROW_LENGTH_MAX) continue
    reader = new CsvReader({
      lengthMax: IMPORT_ROW_LENGTH_MAX,
      separator: separatorOf(head.slice(0, end < 0 ? undefined : end))
    })
    yield* reader.push(head)
  }
  const left = reader ? '' : head
  yield* (reader ?? new CsvReader({ lengthMax: IMPORT_ROW_LENGTH_MAX, separator: separatorOf(head) })).push(left, true)
}

async function* readCsv(texts: AsyncIterable<string>): AsyncGenerator<StagedRow> {
  let columns: (keyof ImportLine)[] | undefined
  for await (const record of recordsOf(texts)) {
    const { line } = record
    if (!columns) {
      const named = 'wrong' in record ? record.wrong : columnsOf(record.cells)
      if (typeof named === 'string') throw new Refusal('IMPORT_HEADER_INVALID', { detail: named })
      columns = named
    } else if ('wrong' in record) yield unreadable(line, record.wrong)
    else {
      const row = lineOf(columns, record.cells)
      yield typeof row === 'string' ? unreadable(line, row) : { ...readRow(row, randomUUID), line }
    }
  }
  if (!columns) throw new Refusal('IMPORT_EMPTY')
}

async function* readNdjson(texts: AsyncIterable<string>): AsyncGenerator<StagedRow> {
  let line = 1
  for await (const text of linesOf(texts)) {
    if (text === undefined) yield unreadable(line, `The row is longer than ${IMPORT_ROW_LENGTH_MAX} letters`)
    else if (text.trim() !== '') yield jsonRow(line, text)
    line += 1
  }
}

function jsonRow(line: number, text: string): StagedRow {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return unreadable(line, 'The line is not valid JSON', 'MALFORMED_JSON')
  }
  return { ...readRow(value, randomUUID), line }
}

/** Undefined for one that is too long. */
async function* linesOf(texts: AsyncIterable<string>): AsyncGenerator<string | undefined> {
  let held = ''
  let isTooLong = false
  for await (const text of texts) {
    const parts = text.split('\n')
    for (const [index, part] of parts.entries()) {
      held += part
      if (held.length > IMPORT_ROW_LENGTH_MAX) {
        isTooLong = true
        held = ''
      }
      if (index === parts.length - 1) break
      yield isTooLong ? undefined : held
      held = ''
      isTooLong = false
    }
  }
  if (isTooLong || held !== '') yield isTooLong ? undefined : held
}
