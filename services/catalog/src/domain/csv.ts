/** CSV as spreadsheets write it (RFC 4180, and `;` or tabs between the cells), read piece by piece. Pure: text in, records out. */

/** `line`: where it begins, counted from 1. */
export type CsvRecord = { line: number; cells: string[] } | { line: number; wrong: string }

export type Separator = ',' | ';' | '\t'

/** The separator that stands most often in the first line. */
export const separatorOf = (head: string): Separator =>
  ([',', ';', '\t'] as const).toSorted((one, other) => head.split(other).length - head.split(one).length)[0] ?? ','

type Scan =
  | { status: 'record'; cells: string[]; end: number; lines: number }
  /** Unreadable from its beginning to the end of its first line. */
  | { status: 'wrong'; wrong: string }
  /** Neither yet: more text is needed, or there is too much of it. */
  | { status: 'open' }

/**
 * Libraries for CSV give up, or lose their place, at a quote that is never closed. Here each row must have its answer: such a quote costs
 * the line on which it stands, and reading goes on at the next.
 */
export class CsvReader {
  readonly #lengthMax: number
  readonly #separator: Separator | undefined
  #text = ''
  #line = 1
  #isSkipping = false

  /** @param lengthMax of a record, in letters: nothing longer is ever held. */
  constructor(options: { lengthMax: number; separator?: Separator }) {
    this.#lengthMax = options.lengthMax
    this.#separator = options.separator
  }

  /** The records that are whole by now. A record of nothing but empty cells is none. */
  *push(text: string, isEnd = false): Generator<CsvRecord> {
    this.#text += text
    let at = 0
    while (at < this.#text.length) {
      if (this.#isSkipping) {
        const end = this.#text.indexOf('\n', at)
        at = end < 0 ? this.#text.length : end + 1
        if (end < 0) break
        this.#isSkipping = false
        this.#line += 1
        continue
      }
      const scan = this.#scan(at, isEnd)
      if (scan.status === 'record') {
        if (scan.cells.some((cell) => cell !== '')) yield { line: this.#line, cells: scan.cells }
        this.#line += scan.lines
        at = scan.end
        continue
      }
      const isTooLong = scan.status === 'open' && this.#text.length - at > this.#lengthMax
      if (scan.status === 'open' && !isTooLong && !isEnd) break
      yield { line: this.#line, wrong: scan.status === 'wrong' ? scan.wrong : this.#whyOpen(at) }
      this.#isSkipping = true
    }
    this.#text = this.#text.slice(at)
  }

  #whyOpen(at: number): string {
    const end = this.#text.indexOf('\n', at)
    const firstLength = (end < 0 ? this.#text.length : end) - at
    return firstLength > this.#lengthMax
      ? `The row is longer than ${this.#lengthMax} letters`
      : `A quote is opened and not closed within ${this.#lengthMax} letters`
  }

  #scan(from: number, isEnd: boolean): Scan {
    const text = this.#text
    const head = text.indexOf('\n', from)
    const separator = this.#separator ?? separatorOf(text.slice(from, head < 0 ? undefined : head))
    const cells: string[] = []
    let lines = 1
    for (let at = from; ;) {
      let cell = ''
      if (text[at] === '"') {
        const quoted = readQuoted(text, at)
        // A quote at the very end of what is there may be the first of two.
        if (!quoted || (quoted.end === text.length && !isEnd)) return { status: 'open' }
        cell = quoted.cell
        lines += quoted.lines
        at = quoted.end
        if (text[at] === '\r' && at + 1 === text.length && !isEnd) return { status: 'open' }
        if (text[at] === '\r' && (text[at + 1] ?? '\n') === '\n') at += 1
        if (at < text.length && text[at] !== separator && text[at] !== '\n')
          return { status: 'wrong', wrong: 'Something follows a closing quote' }
      } else {
        const end = endOfPlain(text, at, separator)
        if (end === undefined && !isEnd) return { status: 'open' }
        const plain = text.slice(at, end)
        at = end ?? text.length
        cell = text[at] === separator ? plain : plain.replace(/\r$/, '')
      }
      cells.push(cell)
      if (at - from > this.#lengthMax) return { status: 'open' }
      if (text[at] === separator) at += 1
      else return { status: 'record', cells, end: Math.min(text.length, at + 1), lines }
    }
  }
}

function endOfPlain(text: string, from: number, separator: Separator): number | undefined {
  const newline = text.indexOf('\n', from)
  const next = text.indexOf(separator, from)
  if (next >= 0 && (newline < 0 || next < newline)) return next
  return newline < 0 ? undefined : newline
}

/** From an opening quote to behind the closing one; undefined where that has not come. */
function readQuoted(text: string, from: number): { cell: string; end: number; lines: number } | undefined {
  for (let at = from + 1; ;) {
    const quote = text.indexOf('"', at)
    if (quote < 0) return undefined
    if (text[quote + 1] === '"') {
      at = quote + 2
      continue
    }
    const cell = text.slice(from + 1, quote)
    return { cell: cell.replaceAll('""', '"'), end: quote + 1, lines: cell.split('\n').length - 1 }
  }
}

/**
 * One line of CSV. A spreadsheet takes a cell that begins with one of these signs for a formula and carries it out: with an apostrophe
 * before it, it is text.
 */
export const csvLine = (cells: readonly string[]): string => `${cells.map(csvCell).join(',')}\r\n`

function csvCell(cell: string): string {
  const plain = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell
  return /[",;\t\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}
