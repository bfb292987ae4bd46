import type { Facets, Listing, SearchOrder } from '@gavel/contracts/api/search.ts'
import type { SubmitEvent } from 'react'
import { Link, useSearchParams } from 'wouter'
import { valueOf } from '../account/sign-in.tsx'
import { usePages } from '../api/query.ts'
import { formatMoney } from '../money.ts'
import { Choice, Field } from '../parts/field.tsx'
import { Rosette } from '../parts/rosette.tsx'
import { Empty, ShownPages } from '../parts/states.tsx'
import { Badge, View } from '../parts/view.tsx'
import { formatDate } from '../time.ts'
import { orders, queryOf } from './find-query.ts'

function Item({ listing }: { listing: Listing }) {
  const { productId, title, excerpt, brand, available, auction } = listing
  return (
    <article className="lot">
      <div className="plate">
        <Rosette seed={productId} />
        {available === 0 && <Badge tone="warn">None in stock</Badge>}
      </div>
      <h2>{auction ? <Link href={`/auctions/${auction.auctionId}`}>{title}</Link> : title}</h2>
      {auction ? (
        <p className="lot-price">
          <span className="label">
            {auction.mode === 'fixed-price'
              ? 'Price'
              : auction.mode !== 'english'
                ? 'Sealed, from'
                : auction.bidCount > 0
                  ? 'Current bid'
                  : 'Opens at'}
          </span>
          <span className="price number">{formatMoney(auction.priceMinor, auction.currency)}</span>
        </p>
      ) : (
        <p className="lot-price muted">Not for sale now</p>
      )}
      <p className="lot-foot muted">
        <span>{brand || excerpt.slice(0, 40)}</span>
        {auction && <span>ends {formatDate(auction.endsAt)}</span>}
      </p>
    </article>
  )
}

function Facet({
  title,
  values,
  chosen,
  choose
}: {
  title: string
  values: Facets['brands']
  chosen: string | null
  choose: (value: string | null) => void
}) {
  if (values.length === 0) return null
  return (
    <div className="facet" role="group" aria-label={title}>
      <span className="label">{title}</span>
      <ul>
        {values.slice(0, 12).map(({ value, count }) => (
          <li key={value}>
            <button
              type="button"
              aria-pressed={chosen === value}
              onClick={() => choose(chosen === value ? null : value)}
            >
              {value || 'none'} <span className="number">{count}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}

/** Everything in the catalogue, found by words and narrowed by what it is and costs. The address says what is asked, so it can be sent on. */
export function Find() {
  const [params, setParams] = useSearchParams()
  const query = usePages('searchProducts', { query: queryOf(params) }, { refetchMs: 20_000 })
  const first = query.data?.pages[0]
  const set = (name: string, value: string | null): void =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before)
        if (value === null || value === '') next.delete(name)
        else next.set(name, value)
        return next
      },
      { replace: true }
    )
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = event.currentTarget
    setParams(
      (before) => {
        const next = new URLSearchParams(before)
        for (const name of ['q', 'min', 'max']) {
          const value = valueOf(form, name).trim()
          if (value) next.set(name, value)
          else next.delete(name)
        }
        return next
      },
      { replace: true }
    )
  }
  const facets = first?.facets
  return (
    <View title="Find" lead="Typing errors are forgiven; all words must occur." wide>
      <search>
        <form className="row" onSubmit={submit}>
          <Field
            label="Words"
            name="q"
            type="search"
            maxLength={200}
            defaultValue={params.get('q') ?? ''}
            placeholder="steel watch"
          />
          <Field label="From (USD)" name="min" inputMode="decimal" defaultValue={params.get('min') ?? ''} />
          <Field label="To (USD)" name="max" inputMode="decimal" defaultValue={params.get('max') ?? ''} />
          <Choice
            label="Order"
            name="order"
            options={orders}
            value={(params.get('order') ?? '') as SearchOrder | ''}
            onChange={(event) => set('order', event.currentTarget.value)}
          />
          <button type="submit" className="primary">
            Find
          </button>
        </form>
      </search>
      {facets && (
        <div className="stack">
          <Facet
            title="Category"
            values={facets.categories}
            chosen={params.get('category')}
            choose={(value) => set('category', value)}
          />
          <Facet
            title="Brand"
            values={facets.brands}
            chosen={params.get('brand')}
            choose={(value) => set('brand', value)}
          />
          <div className="facet" role="group" aria-label="Only">
            <ul>
              <li>
                <button
                  type="button"
                  aria-pressed={params.has('inStock')}
                  onClick={() => set('inStock', params.has('inStock') ? null : '1')}
                >
                  In stock
                </button>
              </li>
              <li>
                <button
                  type="button"
                  aria-pressed={params.has('soon')}
                  onClick={() => set('soon', params.has('soon') ? null : '1')}
                >
                  Ends within a day
                </button>
              </li>
            </ul>
          </div>
        </div>
      )}
      <p role="status" className="muted">
        {first?.corrected && <>Nothing has exactly these words; shown is “{first.corrected}”. </>}
        {facets && `${facets.exact ? '' : 'More than '}${facets.total} ${facets.total === 1 ? 'item' : 'items'}`}
      </p>
      <ShownPages
        query={query}
        what="the items"
        empty={<Empty title="Nothing found">Fewer words or filters find more.</Empty>}
      >
        {(items) => (
          <div className="lots">
            {items.map((listing) => (
              <Item key={listing.productId} listing={listing} />
            ))}
          </div>
        )}
      </ShownPages>
    </View>
  )
}
