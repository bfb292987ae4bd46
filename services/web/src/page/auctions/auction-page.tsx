import type { BidderStanding } from '@gavel/contracts/api/bidder.ts'
import type { Auction } from '@gavel/contracts/api/bidding.ts'
import type { LiveAuction } from '@gavel/contracts/api/web-socket.ts'
import { useEffect, useRef } from 'react'
import { useOperation } from '../api/query.ts'
import { formatMoney } from '../money.ts'
import { announce } from '../parts/announce.tsx'
import { Rosette } from '../parts/rosette.tsx'
import { Empty, Loading, Shown } from '../parts/states.tsx'
import { StepChart } from '../parts/step-chart.tsx'
import { Badge, Facts, View } from '../parts/view.tsx'
import { formatClock, formatDate, formatSpan } from '../time.ts'
import { serverNow, useServerSecond } from '../api/clock.ts'
import { BidForm } from './bid-form.tsx'
import { recentBids, stepsOf, type HistoryEntry } from './history.ts'
import { useHistory } from './use-history.ts'
import { useOwnName } from './own-names.ts'
import { Money } from './price.tsx'
import { ClockNote, TimeLeft } from './time-left.tsx'
import { isSealed, modeNames, priceLabel, shownPriceMinor, markOf, standingOf, type AuctionNow } from './auction-now.ts'
import { StandingBadge } from './standing-badge.tsx'
import { useAuction } from './use-auction.ts'
import { Verify } from './verify.tsx'
import { WatchButton } from './watch-button.tsx'
import { WhyPrice } from './why-price.tsx'

const outcomes = {
  sold: 'Sold',
  'no-bids': 'Ended without a bid',
  'reserve-not-met': 'Ended below its reserve',
  cancelled: 'Cancelled'
} as const

/** A listener hears what changed in what concerns them, and not every bid of a crowd. */
function useAnnouncements(auction: LiveAuction, standing: BidderStanding | undefined): void {
  const before = useRef({ standing, status: auction.status })
  useEffect(() => {
    const { standing: stood, status } = before.current
    before.current = { standing, status: auction.status }
    const price = formatMoney(shownPriceMinor(auction), auction.currency)
    if (auction.status === 'closed' && status !== 'closed')
      announce(`The auction has ended at ${price}. ${standing ? `${markOf(standing, auction).words}.` : ''}`)
    else if (standing === 'outbid' && stood === 'leading') announce(`You have been outbid. The price is ${price}.`)
  }, [auction, standing])
}

type FiguresProps = { now: AuctionNow; first: Auction; entries: readonly HistoryEntry[]; own: string | undefined }

function Figures({ now, first, entries, own }: FiguresProps) {
  const { auction } = now
  const { mode, status, currency, bidCount, quantity, quantityLeft, reserveMet, outcome } = auction
  const standing = standingOf(auction, own)
  useAnnouncements(auction, standing)
  const isFixed = mode === 'fixed-price'
  return (
    <section className="figures panel" aria-label="Price and bidding">
      <div className="figures-top">
        <div>
          <span className="label">{priceLabel(auction)}</span>
          <Money className="price huge">{formatMoney(shownPriceMinor(auction), currency)}</Money>
        </div>
        <div className="figures-time">
          <span className="label">
            {status === 'closed' ? 'Ended' : status === 'scheduled' ? 'Not open yet' : 'Time left'}
          </span>
          <TimeLeft auction={auction} big />
        </div>
      </div>
      <p className="marks">
        {standing && <StandingBadge mark={markOf(standing, auction)} />}
        {status === 'closed' && (
          <Badge>
            {outcome
              ? outcomes[outcome]
              : bidCount > 0 || (isFixed && quantityLeft < quantity)
                ? 'Ended'
                : outcomes['no-bids']}
          </Badge>
        )}
        <span className="muted">
          {isFixed ? `${quantityLeft} of ${quantity} left` : `${bidCount} ${bidCount === 1 ? 'bid' : 'bids'}`}
        </span>
        {!isFixed && bidCount > 0 && !(isSealed(auction) && status !== 'closed') && (
          <Badge tone={reserveMet ? 'plain' : 'warn'}>{reserveMet ? 'Reserve met' : 'Reserve not met'}</Badge>
        )}
      </p>
      {auction.cancelReason && <p className="hint warn-text">Cancelled: {auction.cancelReason}</p>}
      {isFixed && (
        <progress
          value={quantity - quantityLeft}
          max={quantity}
          aria-label={`${quantity - quantityLeft} of ${quantity} sold`}
        />
      )}
      {status === 'open' && <BidForm auction={auction} />}
      <WhyPrice auction={auction} increments={first.increments} entries={entries} />
      {status !== 'closed' && (
        <p className="muted small">
          <ClockNote />
          {first.antiSnipingWindowMs > 0 &&
            ` A bid in the last ${formatSpan(first.antiSnipingWindowMs)} moves the end on.`}
        </p>
      )}
    </section>
  )
}

function PriceHistory({ now, entries, own }: Pick<FiguresProps, 'now' | 'entries' | 'own'>) {
  useServerSecond()
  const { auction } = now
  if (auction.mode === 'fixed-price' || (isSealed(auction) && auction.status !== 'closed')) return null
  const money = (minor: number): string => formatMoney(minor, auction.currency)
  const steps = stepsOf(auction.openingPriceMinor, entries, now)
  const until = auction.status === 'closed' ? (auction.closedAt ?? entries.at(-1)?.at ?? auction.endsAt) : serverNow()
  const bids = recentBids(entries, now)
  return (
    <section className="panel" aria-labelledby="history-title">
      <h2 id="history-title">History</h2>
      <StepChart
        steps={steps}
        until={until}
        format={money}
        formatTime={formatClock}
        label={`The price went from ${money(steps[0]?.value ?? 0)} to ${money(steps.at(-1)?.value ?? 0)} in ${steps.length} steps`}
      />
      {bids.length === 0 ? (
        <p className="muted">No bid yet.</p>
      ) : (
        <table className="ticker">
          <caption className="visually-hidden">The newest bids</caption>
          <thead className="visually-hidden">
            <tr>
              <th scope="col">Bidder</th>
              <th scope="col">Price after the bid</th>
              <th scope="col">Time</th>
            </tr>
          </thead>
          <tbody>
            {bids.map(({ key, bidder, priceMinor, at }) => (
              <tr key={key}>
                <td>{bidder === own ? <Badge tone="accent">you</Badge> : <code>{bidder.slice(0, 8)}</code>}</td>
                <td className="number">{money(priceMinor)}</td>
                <td className="number muted">{formatClock(at)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}

function Item({ productId, auction }: { productId: string; auction: LiveAuction }) {
  const product = useOperation('readProduct', { params: { productId } })
  return (
    <section className="panel item" aria-label="The item">
      <div className="plate big">
        <Rosette seed={productId} />
      </div>
      {product.error ? (
        <Empty title="The item is no longer in the catalogue">What was auctioned keeps its terms in the ledger.</Empty>
      ) : product.data ? (
        <>
          {product.data.description && <p className="prose">{product.data.description}</p>}
          <Facts
            rows={[
              ...(product.data.brand ? [['Brand', product.data.brand] as const] : []),
              ...(product.data.category ? [['Category', product.data.category] as const] : []),
              ['Opened', formatDate(auction.startsAt)],
              ['Ends', formatDate(auction.endsAt)]
            ]}
          />
        </>
      ) : (
        <Loading what="the item" rows={2} />
      )}
    </section>
  )
}

function AuctionView({ first }: { first: Auction }) {
  const now = useAuction(first)
  const history = useHistory(first, now)
  const own = useOwnName(first.auctionId)
  const entries = history.data ?? []
  return (
    <View
      title={first.title}
      lead={modeNames[first.mode]}
      wide
      actions={<WatchButton auctionId={first.auctionId} watchers={first.watchers} />}
    >
      <div className="auction">
        <div className="auction-main">
          <Figures now={now} first={first} entries={entries} own={own} />
          <PriceHistory now={now} entries={entries} own={own} />
        </div>
        <div className="auction-side">
          <Item productId={first.productId} auction={now.auction} />
          <Verify auctionId={first.auctionId} />
        </div>
      </div>
    </View>
  )
}

export function AuctionPage({ auctionId }: { auctionId: string }) {
  const query = useOperation('readAuction', { params: { auctionId } }, { refetchMs: 20_000 })
  if (query.data === undefined)
    return (
      <View title="Auction">
        <Shown query={query} what="the auction" rows={5}>
          {() => null}
        </Shown>
      </View>
    )
  return <AuctionView first={query.data} />
}
