import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import { AuctionMode } from '../events/bidding.ts'
import { Count, Currency, Cursor, Id, Minor, PageQuery, Pieces, PositiveMinor, TimestampMs } from '../primitives.ts'

const closed = { additionalProperties: false } as const
const line = Type.String({ minLength: 1, maxLength: 100, pattern: '^[^\\u0000-\\u001f\\u007f]*$' })

/** Descriptions are cut to this in a listing; the product itself has the whole. */
export const EXCERPT_LENGTH = 300
/** Facets are counted over so many of the newest matches at most. */
export const FACET_ROWS = 20_000
/** Values a facet lists at most, the most frequent first. */
export const FACET_VALUES = 50
const DAY_MS = 24 * 60 * 60 * 1000

/** The auction or sale that takes bids for an item, or will; of several the one that ends first. */
export const ListedAuction = Type.Object(
  {
    auctionId: Id,
    mode: AuctionMode,
    /** `ending`: its time is over, and its closing is not known here yet. */
    status: Type.Union([Type.Literal('scheduled'), Type.Literal('open'), Type.Literal('ending')]),
    currency: Currency,
    /** What the item stands at: the highest bid so far, the opening bid before any, or the fixed price. */
    priceMinor: Minor,
    priceToBeatMinor: PositiveMinor,
    bidCount: Count,
    quantityLeft: Count,
    startsAt: TimestampMs,
    endsAt: TimestampMs
  },
  closed
)
export type ListedAuction = Static<typeof ListedAuction>

export const Listing = Type.Object(
  {
    productId: Id,
    title: Type.String(),
    excerpt: Type.String({ description: `The first ${EXCERPT_LENGTH} characters of the description.` }),
    brand: Type.String(),
    category: Type.String(),
    listedAt: TimestampMs,
    /** Over all locations, as the stock's events tell it. */
    available: Pieces,
    /** Null where nothing sells it now: such an item has no price either. */
    auction: Type.Union([ListedAuction, Type.Null()])
  },
  closed
)
export type Listing = Static<typeof Listing>

const FacetValue = Type.Object({ value: Type.String(), count: Count }, closed)

export const Facets = Type.Object(
  {
    /** Items that match everything asked for. */
    total: Count,
    /** False where more match than are counted; the figures are then of the newest. */
    exact: Type.Boolean(),
    /** Each facet leaves its own filter out, so that it shows what else could be chosen. */
    brands: Type.Array(FacetValue, { maxItems: FACET_VALUES }),
    categories: Type.Array(FacetValue, { maxItems: FACET_VALUES }),
    /** From (included) to (excluded), within one currency; ranges that hold nothing are left out. */
    prices: Type.Array(
      Type.Object({ currency: Currency, fromMinor: Minor, toMinor: Type.Optional(Minor), count: Count }, closed)
    )
  },
  closed
)
export type Facets = Static<typeof Facets>

export const SearchOrder = Type.Union([
  Type.Literal('relevance'),
  Type.Literal('newest'),
  Type.Literal('price-ascending'),
  Type.Literal('price-descending'),
  Type.Literal('ending-soonest')
])
export type SearchOrder = Static<typeof SearchOrder>

export const SearchQuery = Type.Object(
  {
    ...PageQuery,
    /** Words, all of which must occur; the last one may be a beginning. A word that occurs nowhere is taken for those nearest to it. */
    q: Type.Optional(Type.String({ maxLength: 200, pattern: '^[^\\u0000]*$' })),
    brand: Type.Optional(line),
    category: Type.Optional(line),
    /** Needed by price bounds and price orders: amounts of two currencies do not compare. */
    currency: Type.Optional(Currency),
    priceMinMinor: Type.Optional(Minor),
    priceMaxMinor: Type.Optional(Minor),
    inStock: Type.Optional(Type.Boolean()),
    /** Items whose auction ends within so many milliseconds from now. */
    endingWithinMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 365 * DAY_MS })),
    /** Relevance with words, otherwise newest. An order by price or by end shows what has one. */
    order: Type.Optional(SearchOrder),
    /** Asks for the facets too: once for a search, not with every page. */
    facets: Type.Optional(Type.Boolean())
  },
  closed
)
export type SearchQuery = Static<typeof SearchQuery>

export const searchProducts = defineOperation({
  id: 'searchProducts',
  method: 'GET',
  path: '/api/search/products',
  role: 'public',
  summary: 'Finds products by words, typing errors forgiven, by filters and by what sells them; with facets.',
  query: SearchQuery,
  responses: {
    200: Type.Object(
      {
        items: Type.Array(Listing),
        nextCursor: Type.Optional(Cursor),
        /** The words searched for instead, where some of those asked for occur nowhere. */
        corrected: Type.Optional(Type.String()),
        facets: Type.Optional(Facets)
      },
      closed
    )
  },
  errors: []
})

export const ReadSide = Type.Object(
  {
    /** The generation that searches read. */
    serving: Count,
    /** The one built last, or now; null where none ever was. */
    rebuild: Type.Union([
      Type.Object(
        {
          generation: Count,
          status: Type.Union([Type.Literal('running'), Type.Literal('stopped'), Type.Literal('done')]),
          startedBy: Id,
          startedAt: TimestampMs,
          endedAt: Type.Optional(TimestampMs),
          /** Why it stands still. */
          reason: Type.Optional(Type.String()),
          topics: Type.Array(
            Type.Object(
              {
                topic: Type.String(),
                /** The last position of the event log that was read. */
                position: Count,
                complete: Type.Boolean()
              },
              closed
            )
          )
        },
        closed
      ),
      Type.Null()
    ])
  },
  closed
)
export type ReadSide = Static<typeof ReadSide>

export const rebuildSearch = defineOperation({
  id: 'rebuildSearch',
  method: 'POST',
  path: '/api/search/rebuild',
  role: 'admin',
  summary:
    'Builds what search reads anew from the event log, with the caller’s token, while searches go on; then they read the new one. Goes on where one was stopped.',
  responses: { 202: ReadSide },
  errors: ['REBUILD_RUNNING']
})

export const readSearchRebuild = defineOperation({
  id: 'readSearchRebuild',
  method: 'GET',
  path: '/api/search/rebuild',
  role: 'admin',
  summary: 'Which generation searches read, and how far the one is that is being built.',
  responses: { 200: ReadSide },
  errors: []
})
