import type { WindowChange } from '@gavel/contracts/api/statistics.ts'
import { useState } from 'react'
import { Link } from 'wouter'
import { serverNow, useServerSecond } from '../api/clock.ts'
import { useOperation, usePages } from '../api/query.ts'
import { useStream } from '../api/stream.ts'
import { shownPriceMinor } from '../auctions/auction-now.ts'
import { formatMoney } from '../money.ts'
import { Bars } from '../parts/bars.tsx'
import { Empty, Shown, ShownPages } from '../parts/states.tsx'
import { Badge, Table, View } from '../parts/view.tsx'
import { formatSpan } from '../time.ts'
import { lowStock } from './low-stock.ts'
import { lastSeconds, withChange } from './pace.ts'

const shownSeconds = 60

function BidPace() {
  useServerSecond()
  const [changes, setChanges] = useState<ReadonlyMap<number, WindowChange>>(new Map())
  const series = useOperation('readStatisticsSeries', { query: { figure: 'bids', window: 'second' } })
  const state = useStream<'streamStatistics', WindowChange>(
    'streamStatistics',
    { query: { window: 'second', figure: 'bids', ...(series.data && { from: series.data.position }) } },
    (change) => setChanges((before) => withChange(before, change, 5 * shownSeconds * 1000)),
    series.data !== undefined
  )
  const pace = lastSeconds(series.data, changes, serverNow(), shownSeconds)
  const recent = pace.slice(-11, -1)
  const perSecond =
    recent.reduce((all, { accepted, refused }) => all + accepted + refused, 0) / Math.max(1, recent.length)
  const total = pace.reduce((all, { accepted, refused }) => all + accepted + refused, 0)
  return (
    <section className="panel" aria-labelledby="pace">
      <h2 id="pace">
        Bids a second{' '}
        <Badge tone={state === 'live' ? 'good' : 'plain'}>{state === 'live' ? 'live' : 'connecting'}</Badge>
      </h2>
      <Shown query={series} what="the pace of bids" rows={2}>
        {() => (
          <>
            <p>
              <span className="price huge number">{perSecond.toFixed(1)}</span>{' '}
              <span className="muted">over the last ten seconds; {total} in the last minute</span>
            </p>
            <Bars
              values={pace.map(({ accepted, refused }) => accepted + refused)}
              label={`${total} bids in the last minute, ${perSecond.toFixed(1)} a second of late`}
            />
          </>
        )}
      </Shown>
    </section>
  )
}

function Day() {
  const statistics = useOperation('readStatistics', { query: {} }, { refetchMs: 5_000 })
  return (
    <Shown query={statistics} what="the day’s figures" rows={2}>
      {({ bids, sales, revenue, piecesSold, registrations, sagaDurations }) => {
        const amounts = Object.entries(revenue).map(([currency, minor]) => formatMoney(minor, currency))
        const { p95Ms } = sagaDurations.ordered
        return (
          <dl className="tiles" aria-label="The last 24 hours">
            <div>
              <dt>Revenue</dt>
              <dd>{amounts.length > 0 ? amounts.join(' · ') : '–'}</dd>
            </div>
            <div>
              <dt>Orders</dt>
              <dd>{sales.ordered}</dd>
            </div>
            <div data-tone={sales.failed > 0 ? 'warn' : 'plain'}>
              <dt>Failed sales</dt>
              <dd>{sales.failed}</dd>
            </div>
            <div>
              <dt>Bids, accepted</dt>
              <dd>{bids.accepted}</dd>
            </div>
            <div>
              <dt>Pieces sold</dt>
              <dd>{piecesSold}</dd>
            </div>
            <div>
              <dt>New accounts</dt>
              <dd>{registrations}</dd>
            </div>
            <div>
              <dt>Sale to order, p95</dt>
              <dd>{p95Ms === undefined ? '–' : formatSpan(p95Ms)}</dd>
            </div>
          </dl>
        )
      }}
    </Shown>
  )
}

function LowStock() {
  const stock = usePages('listStock', { query: { limit: 200 } }, { refetchMs: 10_000 })
  return (
    <section className="stack" aria-labelledby="low">
      <h2 id="low">Running out</h2>
      <ShownPages query={stock} what="the stock" empty={<Empty title="No stock is kept yet" />}>
        {(items) => {
          const low = items
            .filter(({ available }) => available < lowStock)
            .toSorted((a, b) => a.available - b.available)
          if (low.length === 0) return <p className="muted">Nothing has fewer than {lowStock} pieces.</p>
          return (
            <Table label="Items that run out" head={['Item', 'Available', 'Held', 'Sold']}>
              {low.slice(0, 20).map(({ productId, available, reserved, sold }) => (
                <tr key={productId}>
                  <td>
                    <Link href={`/admin/items/${productId}`}>{productId}</Link>
                  </td>
                  <td>
                    <Badge tone={available === 0 ? 'bad' : 'warn'}>{available}</Badge>
                  </td>
                  <td className="number">{reserved}</td>
                  <td className="number">{sold}</td>
                </tr>
              ))}
            </Table>
          )
        }}
      </ShownPages>
    </section>
  )
}

function OpenAuctions() {
  const open = usePages('listAuctions', { query: { status: 'open', limit: 200 } }, { refetchMs: 5_000 })
  return (
    <section className="stack" aria-labelledby="open">
      <h2 id="open">Open auctions</h2>
      <ShownPages query={open} what="the open auctions" empty={<Empty title="No auction is open" />}>
        {(auctions) => (
          <Table label="Open auctions" head={['Auction', 'Price', 'Bids']}>
            {auctions.slice(0, 12).map((auction) => (
              <tr key={auction.auctionId}>
                <td>
                  <Link href={`/auctions/${auction.auctionId}`}>{auction.title}</Link>
                </td>
                <td className="number">{formatMoney(shownPriceMinor(auction), auction.currency)}</td>
                <td className="number">{auction.bidCount}</td>
              </tr>
            ))}
          </Table>
        )}
      </ShownPages>
    </section>
  )
}

export function Dashboard() {
  return (
    <View title="Dashboard" lead="The last 24 hours, and this very second." wide>
      <BidPace />
      <Day />
      <div className="two">
        <OpenAuctions />
        <LowStock />
      </div>
    </View>
  )
}
