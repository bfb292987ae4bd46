import type { Product } from '@gavel/contracts/api/catalog.ts'
import { useState, type SubmitEvent } from 'react'
import { Link, useLocation } from 'wouter'
import { call, callUntilAnswered } from '../api/call.ts'
import { Problem } from '../api/problem.ts'
import { useOperation, usePages, useRefresh } from '../api/query.ts'
import { useSending, valueOf } from '../account/sign-in.tsx'
import { announce } from '../parts/announce.tsx'
import { ConfirmButton } from '../parts/confirm.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Area, Field } from '../parts/field.tsx'
import { Empty, Failed, Loading, Shown, ShownPages } from '../parts/states.tsx'
import { Table, View } from '../parts/view.tsx'
import { formatDate } from '../time.ts'

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
      refresh('listProducts', 'listStock')
      announce('The item is added.')
      go(`/admin/items/${productId}`)
    })
  }
  return (
    <Dialog title="Add an item" onClose={onClose}>
      <form onSubmit={submit}>
        <Fields />
        <Field label="Pieces in stock" name="pieces" type="number" min={0} max={1_000_000_000} defaultValue="1" />
        {error && (
          <p className="wrong" role="alert">
            {error}
          </p>
        )}
        <button type="submit" className="primary" disabled={isSending}>
          {isSending ? 'Adding …' : 'Add the item'}
        </button>
      </form>
    </Dialog>
  )
}

export function Items() {
  const [isAdding, setAdding] = useState(false)
  const query = usePages('listProducts', { query: { limit: 50 } })
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
      <ShownPages
        query={query}
        what="the items"
        empty={<Empty title="No item yet">Add one, or import many from a file.</Empty>}
      >
        {(items) => (
          <Table label="Items" head={['Item', 'Brand', 'Category', 'Changed']}>
            {items.map(({ productId, title, brand, category, changedAt }) => (
              <tr key={productId}>
                <td>
                  <Link href={`/admin/items/${productId}`}>{title}</Link>
                </td>
                <td>{brand}</td>
                <td>{category}</td>
                <td>{formatDate(changedAt)}</td>
              </tr>
            ))}
          </Table>
        )}
      </ShownPages>
      {isAdding && <AddItem onClose={() => setAdding(false)} />}
    </View>
  )
}

function Stock({ productId }: { productId: string }) {
  const query = useOperation('readStock', { params: { productId } }, { refetchMs: 5_000 })
  const refresh = useRefresh()
  const { error, isSending, send } = useSending()
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = event.currentTarget
    const location = valueOf(form, 'location').trim() || 'main'
    const [pieces, reason] = [Number(valueOf(form, 'pieces')), valueOf(form, 'reason').trim()]
    const isNew = query.data === undefined || !query.data.locations.some((each) => each.location === location)
    void send(async () => {
      if (isNew) await callUntilAnswered('setStock', { params: { productId }, body: { location, available: pieces } })
      else {
        const body = { adjustmentId: crypto.randomUUID(), location, delta: pieces, reason: reason || 'Counted' }
        await callUntilAnswered('adjustStock', { params: { productId }, body })
      }
      form.reset()
      announce('The stock is changed.')
      refresh('readStock', 'listStock')
    })
  }
  const isNone = query.error instanceof Problem && query.error.code === 'STOCK_NOT_FOUND'
  return (
    <section className="panel" aria-labelledby="stock">
      <h2 id="stock">Stock</h2>
      {isNone ? (
        <p className="muted">No stock is kept for this item yet.</p>
      ) : (
        <Shown query={query} what="the stock" rows={2}>
          {({ locations }) => (
            <Table label="Stock by location" head={['Location', 'Available', 'Held', 'Sold', 'Changed']}>
              {locations.map(({ location, available, reserved, sold, changedAt }) => (
                <tr key={location}>
                  <td>{location}</td>
                  <td className="number">{available}</td>
                  <td className="number">{reserved}</td>
                  <td className="number">{sold}</td>
                  <td>{formatDate(changedAt)}</td>
                </tr>
              ))}
            </Table>
          )}
        </Shown>
      )}
      <form className="row" onSubmit={submit}>
        <Field label="Location" name="location" defaultValue="main" pattern="[A-Za-z0-9_\-]{1,64}" />
        <Field
          label={isNone ? 'Pieces' : 'Add, or take (−)'}
          name="pieces"
          type="number"
          required
          min={isNone ? 0 : -1_000_000_000}
        />
        {!isNone && <Field label="Why" name="reason" maxLength={200} placeholder="Delivered" />}
        <button type="submit" className="quiet" disabled={isSending}>
          {isSending ? 'Changing …' : 'Change the stock'}
        </button>
      </form>
      {error && (
        <p className="wrong" role="alert">
          {error}
        </p>
      )}
    </section>
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
      refresh('readProduct', 'listProducts')
    })
  }
  return (
    <form className="panel" onSubmit={submit} key={product.version}>
      <h2>What it is</h2>
      <Fields product={product} />
      {error && (
        <p className="wrong" role="alert">
          {error}
        </p>
      )}
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
    refresh('listProducts')
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
    </View>
  )
}
