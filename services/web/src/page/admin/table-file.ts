/** What an import reads: a table with a head, in the form spreadsheets write (RFC 4180), separated by commas, semicolons or tabs. */

export type ImportRow = {
  line: number
  title: string
  description: string
  brand: string
  category: string
  pieces: number | undefined
  productId: string | undefined
}
export type ReadRow = ImportRow | { line: number; wrong: string }

export const rowsMost = 5_000

export function parseTable(text: string): string[][] {
  const separator = [',', ';', '\t'].toSorted((a, b) => countIn(text, b) - countIn(text, a))[0] ?? ','
  const rows: string[][] = []
  let row: string[] = []
  let cell = ''
  let isQuoted = false
  for (let index = 0; index <= text.length; index += 1) {
    const letter = text[index]
    if (isQuoted && letter !== undefined) {
      if (letter !== '"') cell += letter
      else if (text[index + 1] === '"') cell += text[(index += 1)]
      else isQuoted = false
    } else if (letter === '"' && cell === '') isQuoted = true
    else if (letter === separator) {
      row.push(cell)
      cell = ''
    } else if (letter === '\n' || letter === undefined) {
      row.push(cell.replace(/\r$/, ''))
      if (row.some((each) => each !== '')) rows.push(row)
      row = []
      cell = ''
    } else cell += letter
  }
  return rows
}

const countIn = (text: string, letter: string): number => (text.split('\n', 1)[0] ?? '').split(letter).length

/** Each row, or what is wrong with it: nothing is sent of a row that the platform would refuse for its form. */
export function readRows(text: string): ReadRow[] {
  const [head = [], ...rows] = parseTable(text.replace(/^\uFEFF/, ''))
  const names = head.map((name) => name.trim().toLowerCase())
  const at = (row: string[], ...wanted: string[]): string => {
    const index = names.findIndex((name) => wanted.includes(name))
    return index < 0 ? '' : (row[index] ?? '').trim()
  }
  return rows.slice(0, rowsMost).map((row, index): ReadRow => {
    const line = index + 2
    const title = at(row, 'title', 'name')
    const pieces = at(row, 'pieces', 'stock', 'quantity')
    const productId = at(row, 'productid', 'id', 'sku')
    if (!names.includes('title') && !names.includes('name'))
      return { line, wrong: 'The first line names no column “title”.' }
    if (title === '' || title.length > 200) return { line, wrong: 'The title must have 1 to 200 letters.' }
    if (pieces !== '' && !/^\d{1,9}$/.test(pieces)) return { line, wrong: `“${pieces}” is no number of pieces.` }
    if (productId !== '' && !/^[A-Za-z0-9_-]{1,64}$/.test(productId))
      return { line, wrong: `“${productId}” is no id: letters, digits, - and _ only, 64 at most.` }
    return {
      line,
      title,
      description: at(row, 'description'),
      brand: at(row, 'brand').slice(0, 100),
      category: at(row, 'category').slice(0, 100),
      pieces: pieces === '' ? undefined : Number(pieces),
      productId: productId === '' ? undefined : productId
    }
  })
}
