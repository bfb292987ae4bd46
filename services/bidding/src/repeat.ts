import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from '@gavel/platform/log.ts'

export interface Repeated {
  /** Ends the run in hand and starts no other. */
  stop(): Promise<void>
}

/** Runs `work` again and again, one at a time. A failure is logged and the next run comes as if nothing had been. */
export function repeat(
  name: string,
  everyMs: number,
  log: Logger,
  work: (signal: AbortSignal) => Promise<void>
): Repeated {
  const ending = new AbortController()
  const running = (async () => {
    while (!ending.signal.aborted) {
      try {
        await work(ending.signal)
      } catch (error) {
        log.warn({ error, work: name }, 'Regular work failed; it is tried again')
      }
      // Some jitter, so that several processes do not do the same work at the same moment.
      const delayMs = everyMs * (0.75 + Math.random() * 0.5)
      await pause(delayMs, undefined, { signal: ending.signal }).catch(() => undefined)
    }
  })()
  return {
    stop: async () => {
      ending.abort()
      await running
    }
  }
}
