import { useState, type SubmitEvent } from 'react'
import { Link } from 'wouter'
import { usePages } from '../api/query.ts'
import { valueOf } from '../account/sign-in.tsx'
import { formatMoney } from '../money.ts'
import { Field } from '../parts/field.tsx'
import { Empty, ShownPages } from '../parts/states.tsx'
import { Table, View } from '../parts/view.tsx'
import { formatDate } from '../time.ts'

export function HouseOrders() {
  const [filter, setFilter] = useState<{ userId?: string; auctionId?: string }>({})
  const query = usePages('listOrders', { query: { limit: 50, ...filter } }, { refetchMs: 5_000 })
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const [userId, auctionId] = ['userId', 'auctionId'].map((name) => valueOf(event.currentTarget, name).trim())
    setFilter({ ...(userId && { userId }), ...(auctionId && { auctionId }) })
  }
  return (
    <View title="Orders" lead="All of them, newest first. None is ever changed." wide>
      <form className="row" onSubmit={submit}>
        <Field label="Buyer (user id)" name="userId" maxLength={64} />
        <Field label="Auction" name="auctionId" maxLength={64} />
        <button type="submit" className="quiet">
          Filter
        </button>
      </form>
      <ShownPages query={query} what="the orders" empty={<Empty title="No order" />}>
        {(orders) => (
          <Table label="Orders" head={['Order', 'Buyer', 'Item', 'Pieces', 'Total', 'Made']}>
            {orders.map(({ orderNumber, userId, productId, quantity, totalMinor, currency, createdAt }) => (
              <tr key={orderNumber}>
                <td>
                  <Link href={`/operations/sagas/${orderNumber}`}>{orderNumber}</Link>
                </td>
                <td>{userId}</td>
                <td>
                  <Link href={`/admin/items/${productId}`}>{productId}</Link>
                </td>
                <td className="number">{quantity}</td>
                <td className="number">{formatMoney(totalMinor, currency)}</td>
                <td>{formatDate(createdAt)}</td>
              </tr>
            ))}
          </Table>
        )}
      </ShownPages>
    </View>
  )
}
