import { useSyncExternalStore } from 'react'

/** Auctions end on the server’s clock. A browser’s own may be minutes off. */

type Reading = { offsetMs: number; source: 'none' | 'date' | 'stream' }
let reading: Reading = { offsetMs: 0, source: 'none' }
let samples: number[] = []
const samplesKept = 8

/**
 * From the live stream, which says the time itself. What is sent always arrives late, so each sample is too low by its delay: the highest
 * of the last few is the nearest.
 */
export function serverTimeIs(serverTimeMs: number): void {
  samples = [...samples, serverTimeMs - Date.now()].slice(-samplesKept)
  reading = { offsetMs: Math.max(...samples), source: 'stream' }
}

/** From the header `date` of an answer, exact to the second: used until the live stream has spoken. */
export function serverDateIs(header: string | null): void {
  const time = header ? Date.parse(header) : Number.NaN
  if (reading.source === 'stream' || Number.isNaN(time)) return
  const measured = time + 500 - Date.now()
  // Within a second the header says nothing that our own clock does not.
  reading = { offsetMs: Math.abs(measured) > 1000 ? measured : 0, source: 'date' }
}

export const serverNow = (): number => Date.now() + reading.offsetMs
export const clockReading = (): Reading => reading

const listeners = new Set<() => void>()
let ticking: ReturnType<typeof setInterval> | undefined
let now = serverNow()

function listen(listener: () => void): () => void {
  listeners.add(listener)
  if (ticking === undefined) now = serverNow()
  ticking ??= setInterval(() => {
    now = serverNow()
    for (const each of listeners) each()
  }, 250)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(ticking)
    ticking = undefined
  }
}

/** The server’s time in whole seconds: what shows it is drawn once a second, and at the second. */
export const useServerSecond = (): number => useSyncExternalStore(listen, () => Math.floor(now / 1000)) * 1000
