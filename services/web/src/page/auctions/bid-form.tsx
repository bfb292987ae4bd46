import type { BidReceipt } from '@gavel/contracts/api/bidding.ts'
import type { LiveAuction } from '@gavel/contracts/api/web-socket.ts'
import { useEffect, useRef, useState, type SubmitEvent } from 'react'
import { Link, useLocation } from 'wouter'
import { clockReading, useServerSecond } from '../api/clock.ts'
import { Problem, sentence } from '../api/problem.ts'
import { useOperation } from '../api/query.ts'
import { useAccount } from '../api/session.ts'
import { formatMoney, plainAmount } from '../money.ts'
import { announce } from '../parts/announce.tsx'
import { Field } from '../parts/field.tsx'
import { Failed } from '../parts/states.tsx'
import { isSealed } from './auction-now.ts'
import { BidChannel } from './bid-channel.ts'
import { bidFrom } from './bid-text.ts'
import { forget, pendingOf, remember, whatBecameOf } from './pending-bids.ts'
import { learnFrom } from './own-names.ts'
import { Receipt } from './receipt.tsx'

type Answer = { receipt?: BidReceipt | undefined; error?: Error | undefined; words?: string }

/** One connection for the bids of this auction, for as long as the page shows it. */
function useBidChannel(auctionId: string) {
  const channel = useRef<BidChannel | undefined>(undefined)
  const [isReconnecting, setReconnecting] = useState(false)
  useEffect(
    () => () => {
      channel.current?.close()
      channel.current = undefined
    },
    [auctionId]
  )
  const place: BidChannel['place'] = (bid) => {
    channel.current ??= new BidChannel(auctionId, setReconnecting)
    return channel.current.place(bid)
  }
  return { place, isReconnecting }
}

function CardHint() {
  const card = useOperation('readPaymentMethod', {})
  const isMissing = card.error instanceof Problem && card.error.code === 'PAYMENT_METHOD_MISSING'
  if (!isMissing) return null
  return (
    <p className="hint warn-text">
      You have stored no card. <Link href="/account/card">Store one</Link> first: a sale that cannot be charged fails.
    </p>
  )
}

/** While a purchase waits among others. How many stand before it nobody knows; what is known is said: how long, and what is left. */
function InLine({ auction: { quantity, quantityLeft } }: { auction: LiveAuction }) {
  const [since] = useState(() => Date.now())
  const now = useServerSecond()
  const seconds = Math.max(0, Math.round((now - (since + clockReading().offsetMs)) / 1000))
  return (
    <p className="hint">
      In line{seconds > 0 && ` for ${seconds} s`}, in the order of arrival; {quantityLeft} of {quantity} left now.
      Nothing is yours, and nothing is charged, until the receipt is here.
    </p>
  )
}

function hintOf(auction: LiveAuction): string {
  const { mode, openingPriceMinor, priceToBeatMinor, currency } = auction
  if (mode === 'fixed-price') return `${formatMoney(openingPriceMinor, currency)} each, charged to your card at once.`
  if (isSealed(auction)) return `At least ${formatMoney(openingPriceMinor, currency)}. Nobody sees it before the close.`
  return `At least ${formatMoney(priceToBeatMinor, currency)}. It stays secret; you pay only what it takes.`
}

export function BidForm({ auction }: { auction: LiveAuction }) {
  const { auctionId, mode, currency, priceToBeatMinor, buyNowPriceMinor } = auction
  const account = useAccount()
  const [location] = useLocation()
  const { place, isReconnecting } = useBidChannel(auctionId)
  const [text, setText] = useState('')
  const [wrong, setWrong] = useState('')
  const [answer, setAnswer] = useState<Answer>({})
  const [isSending, setSending] = useState(false)
  const isFixed = mode === 'fixed-price'

  const took = (receipt: BidReceipt): void => {
    setAnswer({ receipt })
    announce(receipt.outcome === 'accepted' ? (receipt.leading ? 'Accepted, you lead.' : 'Accepted.') : 'Refused.')
    void learnFrom(receipt).catch(() => undefined)
  }
  useEffect(() => {
    for (const bid of pendingOf(auctionId)) {
      whatBecameOf(auctionId, bid.bidId)
        .then((receipt) => {
          forget(bid.bidId)
          if (receipt) took(receipt)
          else
            setAnswer({
              words: `Your bid of ${formatMoney(bid.amountMinor, currency)} never arrived. Nothing was bid.`
            })
        })
        .catch((error: Error) => setAnswer({ error }))
    }
    // oxlint-disable-next-line react/exhaustive-deps -- asked once, when the auction is shown
  }, [auctionId])

  if (!account)
    return (
      <p className="bid-door">
        <Link href={`/account/sign-in?next=${encodeURIComponent(location)}`} className="button primary">
          Sign in to {isFixed ? 'buy' : 'bid'}
        </Link>
      </p>
    )

  const send = (typed: { amountMinor: number; quantity?: number }): void => {
    setWrong('')
    setSending(true)
    setAnswer({})
    const bid = { bidId: crypto.randomUUID(), currency, ...typed }
    remember(auctionId, bid)
    place(bid)
      .then((receipt) => {
        forget(bid.bidId)
        if (!isFixed) setText('')
        took(receipt)
      })
      .catch((error: unknown) => {
        const problem = error as Problem
        if (!problem.isFault) forget(bid.bidId)
        const receipt = problem.body?.['receipt'] as BidReceipt | undefined
        setAnswer(receipt ? { receipt } : { error: problem })
        announce(sentence(problem))
        if (receipt) void learnFrom(receipt).catch(() => undefined)
      })
      .finally(() => setSending(false))
  }
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const typed = bidFrom(text || (isFixed ? '1' : ''), auction)
    if (typeof typed === 'string') setWrong(typed)
    else send(typed)
  }

  return (
    <form className="bid" onSubmit={submit} noValidate>
      <div className="bid-row">
        <Field
          label={isFixed ? 'Pieces' : isSealed(auction) ? `Your bid (${currency})` : `Your maximum (${currency})`}
          name="amount"
          inputMode={isFixed ? 'numeric' : 'decimal'}
          autoComplete="off"
          placeholder={isFixed ? '1' : plainAmount(priceToBeatMinor, currency)}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          wrong={wrong || undefined}
          hint={hintOf(auction)}
        />
        <button type="submit" className="primary" disabled={isSending}>
          {isSending ? 'Sending …' : isFixed ? 'Buy now' : 'Bid'}
        </button>
      </div>
      {buyNowPriceMinor !== undefined && mode === 'english' && (
        <p>
          <button
            type="button"
            className="quiet"
            disabled={isSending}
            onClick={() => send({ amountMinor: buyNowPriceMinor })}
          >
            Buy now for {formatMoney(buyNowPriceMinor, currency)}
          </button>{' '}
          <span className="hint">It ends the auction at once.</span>
        </p>
      )}
      <CardHint />
      <div role="status">
        {isSending && isFixed && !isReconnecting && <InLine auction={auction} />}
        {isSending && isReconnecting && (
          <p className="hint warn-text">
            The connection broke. The same bid is sent again when it is back; it counts once.
          </p>
        )}
        {answer.words && <p>{answer.words}</p>}
        {answer.receipt && <Receipt receipt={answer.receipt} currency={currency} />}
        {answer.error && <Failed error={answer.error} />}
      </div>
    </form>
  )
}
