import type { Dependencies } from './dependencies.ts'
import { removeExpired } from './store/expiry.ts'

/** One round: rotates the signing key where it is due, and removes what has expired. */
export async function upkeepRound({ context, pool, keys, metrics }: Dependencies): Promise<void> {
  const now = context.clock()
  await keys.rotate(now)
  metrics.signingKeyAgeSeconds.set(Math.max(0, (now - (await keys.signer(now)).signsFrom) / 1000))
  const removed = await removeExpired(pool, now)
  for (const [kind, count] of Object.entries(removed)) metrics.rowsRemoved.inc({ kind }, count)
}

/** Rounds until the process ends. One that fails is told and tried again: tokens are signed meanwhile with the keys there are. */
export function startUpkeep(dependencies: Dependencies, intervalMs: number): void {
  const { context } = dependencies
  let timer: NodeJS.Timeout | undefined
  let round: Promise<void> = Promise.resolve()
  const plan = (): void => {
    if (context.signal.aborted) return
    timer = setTimeout(() => {
      round = upkeepRound(dependencies)
        .catch((error: unknown) => context.log.warn({ error }, 'A round of upkeep failed'))
        .then(plan)
    }, intervalMs)
  }
  plan()
  context.closers.add('upkeep', async () => {
    clearTimeout(timer)
    await round
  })
}
