import type { SaleProgress } from '@gavel/contracts/api/order.ts'
import { Link } from 'wouter'
import { useOperation, usePages } from '../api/query.ts'
import { formatMoney } from '../money.ts'
import { Empty, Shown, ShownPages } from '../parts/states.tsx'
import { Badge, Facts, Table, View, type Tone } from '../parts/view.tsx'
import { formatDate } from '../time.ts'
import { stepsOf } from './sale-story.ts'

export function Orders() {
  const query = usePages('listOrders', {}, { refetchMs: 15_000 })
  return (
    <View title="Orders" lead="What you bought. An order never changes once it is made.">
      <ShownPages
        query={query}
        what="your orders"
        empty={<Empty title="No order yet">Win an auction or buy at a fixed price, and the order stands here.</Empty>}
      >
        {(orders) => (
          <Table label="Orders" head={['Order', 'Pieces', 'Total', 'Made']}>
            {orders.map(({ orderNumber, quantity, totalMinor, currency, createdAt }) => (
              <tr key={orderNumber}>
                <td>
                  <Link href={`/account/orders/${orderNumber}`}>{orderNumber}</Link>
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

const endings: Record<SaleProgress['status'], readonly [Tone, string]> = {
  open: ['accent', 'under way'],
  ordered: ['good', 'ordered'],
  failed: ['bad', 'failed']
}

export function OrderPage({ orderNumber }: { orderNumber: string }) {
  const sale = useOperation('readSale', { params: { orderNumber } }, { refetchMs: 2_000 })
  const payment = useOperation('readPayment', { params: { orderNumber } }, { refetchMs: 5_000 })
  return (
    <View title="Order" lead={orderNumber}>
      <Shown query={sale} what="the order">
        {(progress) => {
          const { auctionId, quantity, unitPriceMinor, totalMinor, currency, confirmedAt } = progress.sale
          const [tone, text] = endings[progress.status]
          return (
            <>
              <Facts
                rows={[
                  [
                    'State',
                    <Badge key="state" tone={tone}>
                      {text}
                    </Badge>
                  ],
                  [
                    'Auction',
                    <Link key="auction" href={`/auctions/${auctionId}`}>
                      {auctionId}
                    </Link>
                  ],
                  ['Pieces', `${quantity} at ${formatMoney(unitPriceMinor, currency)}`],
                  [
                    'Total',
                    <strong key="total" className="number">
                      {formatMoney(totalMinor, currency)}
                    </strong>
                  ],
                  ['Sold', formatDate(confirmedAt)],
                  [
                    'Payment',
                    payment.data ? `${payment.data.status}, ${formatDate(payment.data.changedAt)}` : 'nothing yet'
                  ]
                ]}
              />
              <ol className="steps">
                {stepsOf(progress).map(({ title, text: words, state }) => (
                  <li key={title} data-state={state}>
                    <strong>{title}</strong>
                    <span>{words}</span>
                  </li>
                ))}
              </ol>
            </>
          )
        }}
      </Shown>
    </View>
  )
}
