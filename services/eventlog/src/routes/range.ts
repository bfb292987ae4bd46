import { windowWidthsMs, type Window } from '@gavel/contracts/api/statistics.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { wholeWindows } from '../domain/windows.ts'

export interface AskedRange {
  from?: number
  to?: number
}

/** The range asked for; without its beginning, so long as `spanMs` says, and without its end, up to now. */
export function rangeOf({ from, to }: AskedRange, { spanMs, now }: { spanMs: number; now: number }) {
  const end = to ?? now
  const begin = from ?? Math.max(0, end - spanMs)
  if (begin >= end)
    throw new Refusal('INVALID_INPUT', {
      member: 'to',
      detail: 'query.to must be after query.from, which is now at most'
    })
  return { from: begin, to: end }
}

/** In whole windows, of which there may be so many. */
export function windowsOf(
  window: Window,
  asked: AskedRange,
  { spanMs, now, limit }: { spanMs: number; now: number; limit: number }
) {
  const range = wholeWindows(window, rangeOf(asked, { spanMs, now }))
  if ((range.to - range.from) / windowWidthsMs[window] > limit)
    throw new Refusal('INVALID_INPUT', {
      member: 'from',
      detail: `The range has more than ${limit} windows: take wider ones`
    })
  return range
}

export const DAY_MS = windowWidthsMs.day
