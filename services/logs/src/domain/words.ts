/** What a line is found by. A search names whole words; the store has an index of them, and the live trace compares the same ones. */

/** Words of one line that are indexed; more would make one line as costly as hundreds. */
const wordsMax = 64
const wordLengthMax = 64

const pattern = /[\p{L}\p{N}]+/gu

/** The distinct words of a text, in lower case. Numbers and the parts of an identifier are words too. */
export function wordsOf(...texts: readonly string[]): string[] {
  const words = new Set<string>()
  for (const text of texts) {
    for (const [word] of text.matchAll(pattern)) {
      words.add(word.slice(0, wordLengthMax).toLowerCase())
      if (words.size === wordsMax) return [...words]
    }
  }
  return [...words]
}

/** The texts in a value, however deep: strings and numbers, without the names of members. */
export function textsIn(value: unknown, depth = 4): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value === 'number' && Number.isFinite(value)) return [String(value)]
  if (typeof value !== 'object' || value === null || depth === 0) return []
  return Object.values(value).flatMap((each) => textsIn(each, depth - 1))
}
