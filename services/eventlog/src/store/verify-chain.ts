import { ChainWalk, type Break } from '../domain/chain.ts'
import { findEvents, readHashAt, readHead } from './read-events.ts'
import type { Queryable } from '@gavel/platform/postgres/pool.ts'

const PAGE = 500

export interface Verification {
  to: number
  checked: number
  broken: Break | undefined
  head: { position: number; hash: string }
}

/** Computes the chain of a range again. The head is read first: whatever is missing up to it is missing. */
export async function verifyChain(client: Queryable, range: { from: number; to: number }): Promise<Verification> {
  const head = await readHead(client)
  const to = Math.min(range.to, head.position)
  if (to < range.from) return { to, checked: 0, broken: undefined, head }
  const before = await readHashAt(client, range.from - 1)
  if (before === undefined) {
    return { to, checked: 0, broken: { position: range.from - 1, reason: 'missing' }, head }
  }
  const chain = new ChainWalk({ position: range.from - 1, hash: before })
  while (!chain.broken && chain.last.position < to) {
    const events = await findEvents(client, { from: chain.last.position + 1, to, limit: PAGE })
    if (events.length === 0) break
    chain.walk(events)
  }
  chain.end(to)
  const { position, hash } = chain.last
  const headDiffers = !chain.broken && to === head.position && hash !== head.hash
  const broken = headDiffers ? ({ position, reason: 'unlinked' } as const) : chain.broken
  return { to, checked: position - range.from + 1, broken, head }
}
