import { windowWidthsMs, type WideWindow, type Window } from '@gavel/contracts/api/statistics.ts'

export const windowStart = (window: Window, at: number): number => {
  const width = windowWidthsMs[window]
  return Math.floor(at / width) * width
}

/** The narrowest that a range is answered from: seconds are kept for one figure alone. */
const wide: readonly WideWindow[] = ['day', 'hour', 'minute']
const WINDOWS_OF_A_RANGE = 24

/** The widest window of which a range has so many that widening its ends to whole ones changes little. */
export const windowFor = (spanMs: number): WideWindow =>
  wide.find((window) => windowWidthsMs[window] * WINDOWS_OF_A_RANGE <= spanMs) ?? 'minute'

/** Widened to whole windows: the first begins at `from`, and the last ends at `to`. */
export const wholeWindows = (window: Window, range: { from: number; to: number }): { from: number; to: number } => {
  const to = windowStart(window, range.to)
  return {
    from: windowStart(window, range.from),
    to: to < range.to ? to + windowWidthsMs[window] : to
  }
}

/** The beginnings of all windows of a range. */
export const windowsIn = (window: Window, { from, to }: { from: number; to: number }): number[] =>
  Array.from({ length: (to - from) / windowWidthsMs[window] }, (_, index) => from + index * windowWidthsMs[window])
