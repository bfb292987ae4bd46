/** The words of a search: what was typed, taken apart, and put together again for PostgreSQL's text search. */

/** More words than this narrow nothing down further. */
export const WORDS_MAX = 12
/** A beginning of one or two letters would match everything and rank nothing. */
const PREFIX_MIN = 3

/** Lower case, letters and digits only: nothing in them means anything to the query language. */
export const wordsOf = (typed: string): string[] =>
  [
    ...new Set(
      typed
        .normalize('NFKC')
        .toLowerCase()
        .match(/[\p{L}\p{N}]+/gu) ?? []
    )
  ].slice(0, WORDS_MAX)

/** What is known of a word that was typed: whether it occurs (the last one: whether some word begins so), and the words most like it. */
export interface KnownWord {
  word: string
  known: boolean
  alike: readonly string[]
}

/** How many slips a word of this length is forgiven. */
const slipsFor = (length: number): number => (length < 4 ? 0 : length < 7 ? 1 : 2)
const ALTERNATIVES_MAX = 3

/** The words that may have been meant, nearest first; none where the word occurs. */
export function alternativesTo({ word, known, alike }: KnownWord): string[] {
  if (known) return []
  const allowed = slipsFor(word.length)
  return alike
    .map((candidate) => ({ candidate, slips: slipsBetween(word, candidate) }))
    .filter(({ slips }) => slips > 0 && slips <= allowed)
    .toSorted((left, right) => left.slips - right.slips || (left.candidate < right.candidate ? -1 : 1))
    .slice(0, ALTERNATIVES_MAX)
    .map(({ candidate }) => candidate)
}

/** Letters changed, left out, added, or two neighbours exchanged: the distance of Damerau and Levenshtein (optimal string alignment). */
export function slipsBetween(left: string, right: string): number {
  const width = right.length + 1
  let before: number[] = []
  let above = Array.from({ length: width }, (_, column) => column)
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row]
    for (let column = 1; column < width; column += 1) {
      const same = left[row - 1] === right[column - 1]
      let slips = Math.min(above[column]! + 1, current[column - 1]! + 1, above[column - 1]! + (same ? 0 : 1))
      const exchanged =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      if (exchanged) slips = Math.min(slips, before[column - 2]! + 1)
      current.push(slips)
    }
    before = above
    above = current
  }
  return above[right.length]!
}

export interface TextQuery {
  /** For `to_tsquery`: all words, each itself or one it may stand for. */
  query: string
  /** What is searched for instead of what was typed, where that differs. */
  corrected: string | undefined
}

/** Undefined where nothing was typed that could be looked for. */
export function textQuery(known: readonly KnownWord[]): TextQuery | undefined {
  if (known.length === 0) return undefined
  const groups = known.map((word, index) => {
    const beginning = index === known.length - 1 && word.word.length >= PREFIX_MIN
    const alternatives = alternativesTo(word)
    return {
      word: word.word,
      alternatives,
      terms: [quoted(word.word, beginning), ...alternatives.map((each) => quoted(each))]
    }
  })
  const corrected = groups.some(({ alternatives }) => alternatives.length > 0)
  return {
    query: groups.map(({ terms }) => (terms.length === 1 ? terms[0] : `(${terms.join(' | ')})`)).join(' & '),
    corrected: corrected ? groups.map(({ word, alternatives }) => alternatives[0] ?? word).join(' ') : undefined
  }
}

const quoted = (word: string, beginning = false): string => `'${word}'${beginning ? ':*' : ''}`
