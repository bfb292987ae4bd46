import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** A clock tick of the kernel's accounts. */
export const tickMs = 10

/** User and system time of a process in clock ticks; where there is no /proc, undefined. */
export function ticksOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(fields[11]) + Number(fields[12])
  } catch {
    return undefined
  }
}

const lookMs = 250
/** At most a tenth of a core counts as having nothing left to do. */
const quietTicks = 2

/**
 * Waits until a server has worked off what a measurement left behind, as events still to be published: it would be paid
 * for by whoever is measured next. Says how long that took.
 */
export async function waitUntilQuiet(pid: number, boundMs = 60_000): Promise<number> {
  const began = performance.now()
  let before = ticksOf(pid)
  for (;;) {
    await delay(lookMs)
    const now = ticksOf(pid)
    const tookMs = performance.now() - began
    if (now === undefined || before === undefined) {
      if (tookMs > 2_000) return tookMs
      continue
    }
    if (now - before <= quietTicks || tookMs > boundMs) return Math.max(0, tookMs - lookMs)
    before = now
  }
}
