import type * as api from '@gavel/contracts/api/catalog.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'
import { decideTerms, decodePageEnd, encodePageEnd } from '../domain/search-terms.ts'
import { textQuery, wordsOf, type TextQuery } from '../domain/search-text.ts'
import { countFacets, lookUpWords, says, searchPage } from '../store/search-products.ts'

export const searchProducts =
  ({ pool, metrics }: Dependencies): Handler<typeof api.searchProducts> =>
  async ({ query, now }) => {
    const { q, cursor, limit = 50 } = query
    const text = await textAsked(pool, q)
    const decision = decideTerms(query, text !== undefined)
    if (decision.status === 'invalid')
      throw new Refusal('INVALID_INPUT', { detail: decision.detail, member: decision.member })
    const { terms } = decision
    const after = cursor === undefined ? undefined : decodePageEnd(cursor, q, terms)
    if (cursor !== undefined && after === undefined)
      throw new Refusal('INVALID_INPUT', { detail: 'The cursor is not one of this search', member: 'cursor' })
    const asked = { terms, words: text?.query, now }
    const [{ items, end }, facets] = await Promise.all([
      searchPage(pool, asked, { after, limit }),
      query.facets === true ? countFacets(pool, asked) : undefined
    ])
    metrics.searches.inc({
      order: terms.order,
      words: text === undefined ? 'none' : text.corrected ? 'corrected' : 'known'
    })
    return reply(200, {
      items,
      ...(end && { nextCursor: encodePageEnd(end, q, terms) }),
      ...(text?.corrected !== undefined && { corrected: text.corrected }),
      ...(facets && { facets })
    })
  }

async function textAsked(pool: Dependencies['pool'], q: string | undefined): Promise<TextQuery | undefined> {
  const words = wordsOf(q ?? '')
  if (words.length === 0) return undefined
  const text = textQuery(await lookUpWords(pool, words))
  return text && (await says(pool, text.query)) ? text : undefined
}
