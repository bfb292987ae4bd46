export interface LagPoint {
  at: number
  /** Consumers that shared the work: members, but no more than there are replicas. */
  working: number
  /** Replicas that are there, whether or not they joined the group. */
  ready: number
  stable: boolean
  assignments: string[][] | undefined
  partitions: Map<string, { end: number; position: number; lag: number }>
}

/** How a group fares in one partition, told from offsets alone and without a threshold of messages. */
export type PartitionClass =
  /** Nothing is behind, or was within the window. */
  | 'Ok'
  | 'Moving'
  /** It moves, and the lag has only grown. */
  | 'FallingBehind'
  /** Members are there and the offset stands still: a message that cannot be processed, most likely. */
  | 'Stalled'
  /** Nobody is there. */
  | 'Stopped'

const pointsNeeded = 4

/** @param points oldest first; classes need at least four of them over `stalledAfterMs`. */
export function classify(
  points: readonly LagPoint[],
  stalledAfterMs: number,
  members: number | undefined
): Map<string, PartitionClass> {
  const newest = points.at(-1)
  if (!newest) return new Map()
  return new Map([...newest.partitions.keys()].map((key) => [key, classOf(points, key, { stalledAfterMs, members })]))
}

function classOf(
  points: readonly LagPoint[],
  key: string,
  { stalledAfterMs, members }: { stalledAfterMs: number; members: number | undefined }
): PartitionClass {
  const seen = points.flatMap((point) => {
    const partition = point.partitions.get(key)
    return partition ? [{ at: point.at, ready: point.ready, ...partition }] : []
  })
  const last = seen.at(-1)
  if (!last || last.lag === 0) return 'Ok'
  // Only what stood still counts: the stretch back to the last time the offset moved, nothing was behind, or nobody was meant to work.
  const moved = seen.findLastIndex(({ position, lag, ready }) => position !== last.position || lag === 0 || ready === 0)
  const still = seen.slice(moved + 1)
  const first = still[0]
  if (first && still.length >= pointsNeeded && last.at - first.at >= stalledAfterMs)
    return members === 0 ? 'Stopped' : 'Stalled'
  if (seen.some(({ lag }) => lag === 0)) return 'Ok'
  if (seen.length < pointsNeeded) return 'Moving'
  const grown = seen.every(({ lag }, index) => index === 0 || lag > (seen[index - 1]?.lag ?? 0))
  return grown ? 'FallingBehind' : 'Moving'
}
