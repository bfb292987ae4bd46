import { setTimeout as delay } from 'node:timers/promises'
import type { ServiceContext } from '../service.ts'

export interface SweepTerms {
  /** How often abandoned acts are looked for. */
  everyMs?: number
  /** How old an act must be to count as abandoned. */
  abandonedMs?: number
}

/** Now and then until the context ends. What fails is tried again the next time. */
export function sweepRegularly(context: ServiceContext, { everyMs = 60_000 }: SweepTerms, work: () => Promise<void>) {
  const stopping = new AbortController()
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await delay(everyMs, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined)
      if (stopping.signal.aborted) return
      await work().catch((error: unknown) => context.log.warn({ error }, 'Abandoned acts could not be looked for'))
    }
  }
  const running = run()
  context.closers.add(
    'audit sweep',
    async () => {
      stopping.abort()
      await running
    },
    'relays'
  )
}
