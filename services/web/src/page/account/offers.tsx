import { Link } from 'wouter'
import { callUntilAnswered } from '../api/call.ts'
import { useOperation, useRefresh } from '../api/query.ts'
import { formatMoney } from '../money.ts'
import { ConfirmButton } from '../parts/confirm.tsx'
import { Shown } from '../parts/states.tsx'
import { Badge, Table } from '../parts/view.tsx'
import { formatDate } from '../time.ts'

/** Second chances: what a winner did not pay for, offered to whoever came next. */
export function Offers() {
  const query = useOperation('listMyOffers', {}, { refetchMs: 10_000 })
  const refresh = useRefresh()
  const accept = async (offerId: string): Promise<void> => {
    await callUntilAnswered('acceptOffer', { params: { offerId } })
    refresh('listMyOffers', 'listOrders')
  }
  return (
    <section className="stack" aria-labelledby="offers">
      <h2 id="offers">Second chances</h2>
      <Shown query={query} what="your offers" rows={1}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="muted">None. When a winner does not pay, the next-best bidder is asked here.</p>
          ) : (
            <Table label="Offers" head={['Item', 'Price', 'Until', 'State']}>
              {items.map(({ offerId, auctionId, title, priceMinor, currency, status, expiresAt, orderNumber }) => (
                <tr key={offerId}>
                  <td>
                    <Link href={`/auctions/${auctionId}`}>{title}</Link>
                  </td>
                  <td className="number">{formatMoney(priceMinor, currency)}</td>
                  <td>{formatDate(expiresAt)}</td>
                  <td>
                    {status === 'open' ? (
                      <ConfirmButton
                        text="Take it"
                        title={`Take “${title}”?`}
                        act={() => accept(offerId)}
                        done="It is yours."
                      >
                        <p>Your card is charged {formatMoney(priceMinor, currency)} at once.</p>
                      </ConfirmButton>
                    ) : orderNumber ? (
                      <Link href={`/account/orders/${orderNumber}`}>{status}</Link>
                    ) : (
                      <Badge>{status}</Badge>
                    )}
                  </td>
                </tr>
              ))}
            </Table>
          )
        }
      </Shown>
    </section>
  )
}
