import type { StockHistoryEntry } from '@gavel/contracts/api/inventory.ts'
import { useState, type SubmitEvent } from 'react'
import { Link } from 'wouter'
import { useSending, valueOf } from '../account/sign-in.tsx'
import { callUntilAnswered } from '../api/call.ts'
import { Problem } from '../api/problem.ts'
import { useOperation, usePages, useRefresh } from '../api/query.ts'
import { announce } from '../parts/announce.tsx'
import { Choice, Field } from '../parts/field.tsx'
import { Empty, Shown, ShownPages, Wrong } from '../parts/states.tsx'
import { Table } from '../parts/view.tsx'
import { formatDate, formatPrecise } from '../time.ts'

type Locations = readonly { location: string }[]

/** A change of stock sent until it is answered, under an id of its own; then everything that shows stock is asked anew. */
function useStockChange(done: string) {
  const refresh = useRefresh()
  const sending = useSending()
  const change = (form: HTMLFormElement, work: () => Promise<unknown>): void =>
    void sending.send(async () => {
      await work()
      form.reset()
      announce(done)
      refresh('readStock', 'readStockHistory', 'listStock', 'searchProducts')
    })
  return { ...sending, change }
}

const ways = [
  ['adjust', 'Add or take (−)'],
  ['set', 'Set, as counted']
] as const

function Change({ productId, locations }: { productId: string; locations: Locations }) {
  const { error, isSending, change } = useStockChange('The stock is changed.')
  const isFirst = locations.length === 0
  const [way, setWay] = useState<string>('adjust')
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = event.currentTarget
    const location = valueOf(form, 'location').trim() || 'main'
    const [pieces, reason] = [Number(valueOf(form, 'pieces')), valueOf(form, 'reason').trim()]
    const isNew = !locations.some((each) => each.location === location)
    const params = { productId }
    const id = crypto.randomUUID()
    change(form, () =>
      isNew || way === 'set'
        ? callUntilAnswered('setStock', {
            params,
            body: { commandId: id, location, available: pieces, ...(reason && { reason }) }
          })
        : callUntilAnswered('adjustStock', {
            params,
            body: { adjustmentId: id, location, delta: pieces, reason: reason || 'Counted' }
          })
    )
  }
  return (
    <form className="stack" onSubmit={submit}>
      <h3>{isFirst ? 'Keep stock' : 'Change it'}</h3>
      <div className="row">
        {!isFirst && (
          <Choice
            label="How"
            name="way"
            options={ways}
            value={way}
            onChange={(event) => setWay(event.currentTarget.value)}
          />
        )}
        <Field label="Location" name="location" defaultValue="main" pattern="[A-Za-z0-9_\-]{1,64}" />
        <Field
          label="Pieces"
          name="pieces"
          type="number"
          required
          min={isFirst || way === 'set' ? 0 : -1_000_000_000}
          max={1_000_000_000}
        />
        <Field label="Why" name="reason" maxLength={200} placeholder="Delivered" />
        <button type="submit" className="quiet" disabled={isSending}>
          {isSending ? 'Changing …' : 'Change the stock'}
        </button>
      </div>
      <Wrong words={error} />
    </form>
  )
}

function Transfer({ productId, locations }: { productId: string; locations: Locations }) {
  const { error, isSending, change } = useStockChange('The pieces are moved.')
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = event.currentTarget
    const body = {
      transferId: crypto.randomUUID(),
      from: valueOf(form, 'from'),
      to: valueOf(form, 'to').trim(),
      quantity: Number(valueOf(form, 'quantity')),
      reason: 'Moved'
    }
    change(form, () => callUntilAnswered('transferStock', { params: { productId }, body }))
  }
  return (
    <form className="stack" onSubmit={submit}>
      <h3>Move between locations</h3>
      <div className="row">
        <Choice label="From" name="from" options={locations.map(({ location }) => [location, location] as const)} />
        <Field label="To" name="to" pattern="[A-Za-z0-9_\-]{1,64}" required placeholder="north" />
        <Field label="How many" name="quantity" type="number" min={1} max={1_000_000_000} required />
        <button type="submit" className="quiet" disabled={isSending}>
          {isSending ? 'Moving …' : 'Move them'}
        </button>
      </div>
      <Wrong words={error} />
    </form>
  )
}

export function Stock({ productId }: { productId: string }) {
  const query = useOperation('readStock', { params: { productId } }, { refetchMs: 5_000 })
  const isNone = query.error instanceof Problem && query.error.code === 'STOCK_NOT_FOUND'
  return (
    <section className="panel" aria-labelledby="stock">
      <h2 id="stock">Stock</h2>
      {isNone ? (
        <>
          <p className="muted">No stock is kept for this item yet.</p>
          <Change productId={productId} locations={[]} />
        </>
      ) : (
        <Shown query={query} what="the stock" rows={2}>
          {({ locations }) => (
            <>
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
              <Change productId={productId} locations={locations} />
              <Transfer productId={productId} locations={locations} />
            </>
          )}
        </Shown>
      )}
    </section>
  )
}

const signed = (pieces: number): string => (pieces > 0 ? `+${pieces}` : String(pieces).replace('-', '−'))

const changeOf = ({ change }: StockHistoryEntry): string =>
  (
    [
      ['available', change.available],
      ['held', change.reserved],
      ['sold', change.sold]
    ] as const
  )
    .filter(([, pieces]) => pieces !== 0)
    .map(([name, pieces]) => `${signed(pieces)} ${name}`)
    .join(', ') || 'nothing'

export function StockHistory({ productId }: { productId: string }) {
  const query = usePages('readStockHistory', { params: { productId }, query: { limit: 20 } }, { refetchMs: 10_000 })
  return (
    <section className="stack" aria-labelledby="stock-history">
      <h2 id="stock-history">Every change of its stock</h2>
      <ShownPages query={query} what="the history" empty={<Empty title="No change yet" />}>
        {(entries) => (
          <Table label="Changes of stock" head={['When', 'What', 'By how much', 'Available then', 'Who and why']}>
            {entries.map((entry) => (
              <tr key={`${entry.position} ${entry.location}`}>
                <td>{formatPrecise(entry.changedAt)}</td>
                <td>
                  {entry.reason}
                  <br />
                  <span className="muted small">{entry.location}</span>
                </td>
                <td className="number">{changeOf(entry)}</td>
                <td className="number">{entry.after.available}</td>
                <td className="wrap">
                  {entry.note ?? '–'}
                  <br />
                  <span className="muted small">
                    {entry.actor}
                    {entry.orderNumber && (
                      <>
                        , <Link href={`/operations/sagas/${entry.orderNumber}`}>{entry.orderNumber}</Link>
                      </>
                    )}
                  </span>
                </td>
              </tr>
            ))}
          </Table>
        )}
      </ShownPages>
    </section>
  )
}
