import type { LogFilter } from '@gavel/contracts/api/logs.ts'
import { rankOf, type StoredLine } from './line.ts'
import { wordsOf } from './words.ts'

/** A filter made ready: what each line is compared with. */
export interface ReadyFilter {
  services?: readonly string[]
  /** This place in the list of levels, and those above. */
  levelMin: number
  traceId?: string
  words: readonly string[]
}

export const readyFilterOf = ({ services, level, traceId, text }: LogFilter): ReadyFilter => ({
  ...(services === undefined ? {} : { services: [...new Set(services)] }),
  levelMin: level === undefined ? 0 : rankOf(level),
  ...(traceId === undefined ? {} : { traceId }),
  words: text === undefined ? [] : wordsOf(text)
})

/** The live trace's own reading of a filter; the store's is the query made of the same one. */
export const fits = (filter: ReadyFilter, line: StoredLine): boolean =>
  line.level >= filter.levelMin &&
  (filter.services === undefined || filter.services.includes(line.service)) &&
  (filter.traceId === undefined || filter.traceId === line.traceId) &&
  filter.words.every((word) => line.words.includes(word))
