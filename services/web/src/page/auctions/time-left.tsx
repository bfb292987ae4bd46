import type { LiveAuction } from '@gavel/contracts/api/web-socket.ts'
import { clockReading, useServerSecond } from '../api/clock.ts'
import { formatDate, formatTimeLeft, spokenDuration } from '../time.ts'

/** How long it still runs, on the server's clock. Not read out each second: its words for a listener change by the minute. */
export function TimeLeft({ auction, big = false }: { auction: LiveAuction; big?: boolean }) {
  const now = useServerSecond()
  const { status, startsAt, endsAt } = auction
  if (status === 'closed') return <span className="time">Ended {formatDate(endsAt)}</span>
  const isAhead = startsAt > now
  const left = (isAhead ? startsAt : endsAt) - now
  const text = left > 0 ? formatTimeLeft(left) : 'ending …'
  return (
    <span
      className={big ? 'time big' : 'time'}
      data-soon={!isAhead && left < 60_000}
      role="timer"
      aria-label={`${isAhead ? 'Starts in' : 'Time left'}: ${spokenDuration(Math.max(0, left))}`}
    >
      {isAhead ? `starts in ${text}` : big ? text : `${text} left`}
    </span>
  )
}

export function ClockNote() {
  useServerSecond()
  const { offsetMs, source } = clockReading()
  if (source === 'none') return <>The platform’s clock is not known yet.</>
  const amount = Math.abs(offsetMs)
  const difference =
    amount < 250 ? 'agrees with it' : `is ${(amount / 1000).toFixed(1)} s ${offsetMs > 0 ? 'behind' : 'ahead'}`
  return <>Counted on the platform’s clock; yours {difference}.</>
}
