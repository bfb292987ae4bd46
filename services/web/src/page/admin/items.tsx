import type { Product } from '@gavel/contracts/api/catalog.ts'
import { useState, type SubmitEvent } from 'react'
import { Link, useLocation, useSearchParams } from 'wouter'
import { call, callUntilAnswered } from '../api/call.ts'
import { useOperation, usePages, useRefresh } from '../api/query.ts'
import { useSending, valueOf } from '../account/sign-in.tsx'
import { announce } from '../parts/announce.tsx'
import { ConfirmButton } from '../parts/confirm.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Area, Field } from '../parts/field.tsx'
import { Empty, Failed, Loading, ShownPages, Wrong } from '../parts/states.tsx'
import { Badge, Table, View } from '../parts/view.tsx'
import { formatDate } from '../time.ts'
import { lowStock } from './low-stock.ts'
import { Stock, StockHistory } from './stock.tsx'

function Fields({ product }: { product?: Product }) {
  return (
    <>
      <Field label="Title" name="title" maxLength={200} required defaultValue={product?.title} />
      <Area label="Description" name="description" maxLength={10_000} defaultValue={product?.description} />
      <div className="row">
        <Field label="Brand" name="brand" maxLength={100} defaultValue={product?.brand} />
        <Field label="Category" name="category" maxLength={100} defaultValue={product?.category} />
      </div>
    </>
  )
}

const bodyOf = (form: HTMLFormElement) => ({
  title: valueOf(form, 'title'),
  description: valueOf(form, 'description'),
  brand: valueOf(form, 'brand'),
  category: valueOf(form, 'category')
})

function AddItem({ onClose }: { onClose: () => void }) {
  const { error, isSending, send } = useSending()
  const [, go] = useLocation()
  const refresh = useRefresh()
  // Chosen here, so that sending it again after a break does not add it twice.
  const [productId] = useState(() => crypto.randomUUID())
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = event.currentTarget
    void send(async () => {
      await call('addProduct', { body: { productId, ...bodyOf(form) } })
      const pieces = Number(valueOf(form, 'pieces') || '0')
      if (pieces > 0)
        await callUntilAnswered('setStock', { params: { productId }, body: { available: pieces } as never })
      refresh('searchProducts', 'listStock')
      announce('The item is added.')
      go(`/admin/items/${productId}`)
    })
  }
  return (
    <Dialog title="Add an item" onClose={onClose}>
      <form onSubmit={submit}>
        <Fields />
        <Field label="Pieces in stock" name="pieces" type="number" min={0} max={1_000_000_000} defaultValue="1" />
        <Wrong words={error} />
        <button type="submit" className="primary" disabled={isSending}>
          {isSending ? 'Adding …' : 'Add the item'}
        </button>
      </form>
    </Dialog>
  )
}

export function Items() {
  const [isAdding, setAdding] = useState(false)
  const [params, setParams] = useSearchParams()
  const q = params.get('q') ?? ''
  // What is searched has stock and sale beside the title; it follows what is changed within moments, so it is asked again.
  const query = usePages('searchProducts', { query: { limit: 50, ...(q && { q }) } }, { refetchMs: 5_000 })
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const words = valueOf(event.currentTarget, 'q').trim()
    setParams(words ? { q: words } : {}, { replace: true })
  }
  return (
    <View
      title="Items and stock"
      wide
      actions={
        <button type="button" className="primary" onClick={() => setAdding(true)}>
          Add an item
        </button>
      }
    >
      <search>
        <form className="row" onSubmit={submit}>
          <Field label="Words" name="q" type="search" maxLength={200} defaultValue={q} />
          <button type="submit" className="quiet">
            Find
          </button>
        </form>
      </search>
      <ShownPages
        query={query}
        what="the items"
        empty={
          q ? (
            <Empty title="Nothing found">Fewer words find more.</Empty>
          ) : (
            <Empty title="No item yet">Add one, or import many from a file.</Empty>
          )
        }
      >
        {(items) => (
          <Table label="Items" head={['Item', 'Brand', 'Category', 'Available', 'On sale', 'Listed']}>
            {items.map(({ productId, title, brand, category, available, auction, listedAt }) => (
              <tr key={productId}>
                <td className="wrap">
                  <Link href={`/admin/items/${productId}`}>{title}</Link>
                </td>
                <td>{brand || '–'}</td>
                <td>{category || '–'}</td>
                <td>
                  <Badge tone={available === 0 ? 'bad' : available < lowStock ? 'warn' : 'plain'}>{available}</Badge>
                </td>
                <td>
                  {auction ? (
                    <Link href={`/auctions/${auction.auctionId}`}>{auction.mode}</Link>
                  ) : (
                    <span className="muted">no</span>
                  )}
                </td>
                <td>{formatDate(listedAt)}</td>
              </tr>
            ))}
          </Table>
        )}
      </ShownPages>
      {isAdding && <AddItem onClose={() => setAdding(false)} />}
    </View>
  )
}

function Edit({ product }: { product: Product }) {
  const { error, isSending, send } = useSending()
  const refresh = useRefresh()
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = event.currentTarget
    void send(async () => {
      await call('changeProduct', { params: { productId: product.productId }, body: bodyOf(form) })
      announce('The item is changed.')
      refresh('readProduct', 'searchProducts')
    })
  }
  return (
    <form className="panel" onSubmit={submit} key={product.version}>
      <h2>What it is</h2>
      <Fields product={product} />
      <Wrong words={error} />
      <div className="actions">
        <button type="submit" className="primary" disabled={isSending}>
          {isSending ? 'Saving …' : 'Save'}
        </button>
      </div>
    </form>
  )
}

export function ItemPage({ productId }: { productId: string }) {
  const query = useOperation('readProduct', { params: { productId } })
  const [, go] = useLocation()
  const refresh = useRefresh()
  const remove = async (): Promise<void> => {
    await call('removeProduct', { params: { productId } })
    refresh('searchProducts')
    go('/admin/items')
  }
  const { data: product, error } = query
  return (
    <View
      title={product?.title ?? 'Item'}
      lead={productId}
      actions={
        product && (
          <>
            <Link href={`/admin/auctions?item=${productId}`} className="button quiet">
              Auction it
            </Link>
            <ConfirmButton text="Delete" title="Delete this item?" act={remove} done="The item is deleted.">
              <p>It leaves the catalogue. Its auctions and orders keep their own copy.</p>
            </ConfirmButton>
          </>
        )
      }
    >
      {product ? (
        <Edit product={product} />
      ) : error ? (
        <Failed error={error} again={() => void query.refetch()} />
      ) : (
        <Loading what="the item" />
      )}
      <Stock productId={productId} />
      <StockHistory productId={productId} />
    </View>
  )
}
