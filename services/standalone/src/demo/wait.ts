import { setTimeout as delay } from 'node:timers/promises'
import { NotObserved } from './narrator.ts'

/** Looks again and again until there is something to see, or the bound has passed. */
export async function waitFor<Seen>(
  claim: string,
  look: () => Promise<Seen | undefined>,
  boundMs = 30_000
): Promise<Seen> {
  const end = Date.now() + boundMs
  for (;;) {
    const seen = await look()
    if (seen !== undefined) return seen
    if (Date.now() > end) throw new NotObserved(`${claim}: not within ${boundMs / 1000} s`)
    await delay(100)
  }
}
