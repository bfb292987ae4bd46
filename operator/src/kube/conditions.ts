/** `metav1.Condition`, all six fields. kstatus reads `Ready`, `Reconciling` and `Stalled` of these. */
export interface Condition {
  type: string
  status: 'True' | 'False' | 'Unknown'
  reason: string
  message: string
  /** When `status` last changed, RFC 3339; other changes leave it alone. */
  lastTransitionTime: string
  observedGeneration: number
}

export type NewCondition = Omit<Condition, 'lastTransitionTime' | 'observedGeneration'>

/**
 * Merges conditions by type: `lastTransitionTime` moves only when `status` moves. Types in `absent` are dropped, because kstatus takes
 * `Reconciling` and `Stalled` as bad news by their presence.
 */
export function mergeConditions(
  existing: readonly Condition[],
  next: readonly NewCondition[],
  options: { generation: number; now: Date; absent?: readonly string[] }
): Condition[] {
  const dropped = new Set(options.absent ?? [])
  const merged = new Map(
    existing.filter(({ type }) => !dropped.has(type)).map((condition) => [condition.type, condition])
  )
  for (const condition of next) {
    const before = merged.get(condition.type)
    merged.set(condition.type, {
      type: condition.type,
      status: condition.status,
      reason: condition.reason,
      message: condition.message,
      lastTransitionTime: before?.status === condition.status ? before.lastTransitionTime : rfc3339(options.now),
      observedGeneration: options.generation
    })
  }
  return [...merged.values()].toSorted((a, b) => a.type.localeCompare(b.type))
}

export const conditionOf = (conditions: readonly Condition[] | undefined, type: string): Condition | undefined =>
  conditions?.find((condition) => condition.type === type)

/** metav1.Time holds whole seconds; anything finer would differ from what the server stores and make every status a change. */
export const rfc3339 = (at: Date): string => `${at.toISOString().slice(0, 19)}Z`
