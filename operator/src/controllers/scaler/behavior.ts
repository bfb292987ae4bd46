import type { DirectionPolicy, Policy } from './policy.ts'

export interface Change {
  at: number
  from: number
  to: number
}
export interface Recommendation {
  at: number
  replicas: number
}

/** The most cautious recommendation of the window in the direction of the change, never past what is there now. */
export function stabilize(
  policy: Pick<Policy, 'up' | 'down'>,
  recommendations: readonly Recommendation[],
  current: number,
  now: number
): number {
  const within = (windowMs: number) =>
    recommendations.filter(({ at }) => at > now - windowMs || at === now).map(({ replicas }) => replicas)
  const lowestUp = Math.min(...within(policy.up.windowMs))
  const highestDown = Math.max(...within(policy.down.windowMs))
  if (current < lowestUp) return lowestUp
  return current > highestDown ? highestDown : current
}

/** How far up the step policies let a target go now, counting what they already let happen within their periods. */
export function upLimit(policy: DirectionPolicy, changes: readonly Change[], current: number, now: number): number {
  if (policy.select === 'Disabled') return current
  if (policy.steps.length === 0) return Infinity
  const limits = policy.steps.map(({ type, value, periodMs }) => {
    const base = current - added(changes, now - periodMs)
    return type === 'Pods' ? base + value : Math.ceil(base * (1 + value / 100))
  })
  return Math.max(current, policy.select === 'Max' ? Math.max(...limits) : Math.min(...limits))
}

export function downLimit(policy: DirectionPolicy, changes: readonly Change[], current: number, now: number): number {
  if (policy.select === 'Disabled') return current
  if (policy.steps.length === 0) return 0
  const limits = policy.steps.map(({ type, value, periodMs }) => {
    const base = current + removed(changes, now - periodMs)
    return type === 'Pods' ? base - value : Math.floor(base * (1 - value / 100))
  })
  return Math.min(current, Math.max(0, policy.select === 'Max' ? Math.min(...limits) : Math.max(...limits)))
}

const added = (changes: readonly Change[], after: number): number =>
  changes.reduce((sum, { at, from, to }) => (at > after && to > from ? sum + to - from : sum), 0)
const removed = (changes: readonly Change[], after: number): number =>
  changes.reduce((sum, { at, from, to }) => (at > after && to < from ? sum + from - to : sum), 0)
