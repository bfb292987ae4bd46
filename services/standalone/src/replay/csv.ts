/** One record of a CSV file with the line it starts on, or why it cannot be read. */
export type CsvRecord = { line: number; fields: string[] } | { line: number; problem: string }

/** No field of a recording is longer; past this a quote was never closed, and the reader goes on with the next line. */
const fieldLimitCharacters = 10_000

type Read = { fields: string[]; end: number } | { problem: string }

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end === -1 ? text.length : end + 1
}

function readQuoted(text: string, opening: number): { value: string; end: number } | { problem: string } {
  let from = opening + 1
  let value = ''
  while (from - opening <= fieldLimitCharacters) {
    const quote = text.indexOf('"', from)
    if (quote === -1 || quote - opening > fieldLimitCharacters) break
    value += text.slice(from, quote)
    if (text[quote + 1] !== '"') return { value, end: quote + 1 }
    value += '"'
    from = quote + 2
  }
  return { problem: 'a quote is opened and never closed' }
}

function readRecord(text: string, start: number): Read {
  const fields: string[] = []
  let at = start
  for (;;) {
    let value: string
    if (text[at] === '"') {
      const quoted = readQuoted(text, at)
      if ('problem' in quoted) return quoted
      ;({ value, end: at } = quoted)
      if (at < text.length && !/[,\r\n]/.test(text[at]!)) return { problem: 'text follows a closing quote' }
    } else {
      const from = at
      while (at < text.length && text[at] !== ',' && text[at] !== '\n' && text[at] !== '\r') at += 1
      value = text.slice(from, at)
      if (value.includes('"')) return { problem: 'a quote stands inside an unquoted field' }
    }
    fields.push(value)
    if (text[at] !== ',') break
    at += 1
  }
  if (text[at] === '\r' && text[at + 1] === '\n') at += 1
  return { fields, end: at < text.length ? at + 1 : at }
}

/**
 * Reads CSV as RFC 4180 has it: quotes, doubled quotes, line breaks inside quotes, CRLF or LF, a byte order mark.
 * A record that cannot be read is one problem with its line, and reading goes on with the line after it.
 */
export function* readCsv(text: string): Generator<CsvRecord> {
  let at = text.startsWith('\uFEFF') ? 1 : 0
  let line = 1
  while (at < text.length) {
    const read = readRecord(text, at)
    const end = 'problem' in read ? endOfLine(text, at) : read.end
    if ('problem' in read) yield { line, problem: read.problem }
    else if (read.fields.length > 1 || read.fields[0]!.trim() !== '') yield { line, fields: read.fields }
    for (let feed = text.indexOf('\n', at); feed !== -1 && feed < end; feed = text.indexOf('\n', feed + 1)) line += 1
    at = end
  }
}
