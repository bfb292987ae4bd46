import type { SubmitEvent } from 'react'
import { Link, useSearchParams } from 'wouter'
import { usePages } from '../api/query.ts'
import { valueOf } from '../account/sign-in.tsx'
import { formatMoney } from '../money.ts'
import { Field } from '../parts/field.tsx'
import { Empty, ShownPages } from '../parts/states.tsx'
import { Table, View } from '../parts/view.tsx'
import { formatDate } from '../time.ts'

export function HouseOrders() {
  const [params, setParams] = useSearchParams()
  const [userId, auctionId] = [params.get('userId') ?? '', params.get('auctionId') ?? '']
  const filter = { ...(userId && { userId }), ...(auctionId && { auctionId }) }
  const query = usePages('listOrders', { query: { limit: 50, ...filter } }, { refetchMs: 5_000 })
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = event.currentTarget
    const given = ['userId', 'auctionId'].map((name) => [name, valueOf(form, name).trim()] as const)
    setParams(Object.fromEntries(given.filter(([, value]) => value !== '')), { replace: true })
  }
  return (
    <View title="Orders" lead="All of them, newest first. None is ever changed." wide>
      <form className="row" onSubmit={submit}>
        <Field label="Buyer (user id)" name="userId" maxLength={64} defaultValue={userId} />
        <Field label="Auction" name="auctionId" maxLength={64} defaultValue={auctionId} />
        <button type="submit" className="quiet">
          Filter
        </button>
      </form>
      <ShownPages
        query={query}
        what="the orders"
        empty={
          <Empty title="No order">
            {userId || auctionId ? 'None fits.' : 'The first sale that ends well stands here.'}
          </Empty>
        }
      >
        {(orders) => (
          <Table label="Orders" head={['Order', 'Buyer', 'Item', 'Pieces', 'Total', 'Made']}>
            {orders.map((order) => (
              <tr key={order.orderNumber}>
                <td>
                  <Link href={`/operations/sagas/${order.orderNumber}`}>{order.orderNumber}</Link>
                </td>
                <td>
                  <Link href={`/admin/users/${order.userId}`}>{order.userId}</Link>
                </td>
                <td>
                  <Link href={`/admin/items/${order.productId}`}>{order.productId}</Link>
                </td>
                <td className="number">{order.quantity}</td>
                <td className="number">{formatMoney(order.totalMinor, order.currency)}</td>
                <td>{formatDate(order.createdAt)}</td>
              </tr>
            ))}
          </Table>
        )}
      </ShownPages>
    </View>
  )
}
