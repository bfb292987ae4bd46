import { appliedHashAnnotation, hashOf, type DesiredObject } from '../../kube/apply.ts'
import type { KubeObject } from '../../kube/client.ts'

export const keyOfDesired = ({ kind, object }: DesiredObject): string => `${kind.kind}/${object.metadata.name}`

const wishes = new WeakMap<KubeObject, string>()

/** The hash of a wish. Wishes are built once for a spec and looked at on every event. */
export function wishOf({ object }: DesiredObject): string {
  const known = wishes.get(object)
  if (known !== undefined) return known
  const wish = hashOf(object)
  wishes.set(object, wish)
  return wish
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || value === false || (Array.isArray(value) && value.length === 0)

/** Whether everything asked for is there. What others added beside it is theirs, except in lists, where it may change the meaning. */
export function holds(observed: unknown, desired: unknown): boolean {
  if (isEmpty(desired)) return isEmpty(observed)
  if (Array.isArray(desired)) {
    return (
      Array.isArray(observed) &&
      observed.length === desired.length &&
      desired.every((member, index) => holds(observed[index], member))
    )
  }
  if (typeof desired === 'object') {
    if (typeof observed !== 'object' || observed === null) return false
    return Object.entries(desired as object).every(([name, member]) =>
      holds((observed as Record<string, unknown>)[name], member)
    )
  }
  return observed === desired
}

/** What of an object people and controllers other than the status' writer decide: it stays the same while a pod comes and goes. */
export function fingerprint({ status: _status, metadata, ...rest }: KubeObject): string {
  const { resourceVersion: _version, generation: _generation, managedFields: _fields, ...identity } = metadata
  return hashOf({ ...rest, metadata: identity })
}

/**
 * Whether an object must be applied: it is missing, was applied by another wish, or somebody has changed it since. `settled` has the
 * fingerprints of objects that differ in notation alone, as `1000m` and `1` do: an apply of the same wish did not change them.
 */
export function needsApply(
  desired: DesiredObject,
  observed: KubeObject | undefined,
  settled: ReadonlyMap<string, string>
): boolean {
  if (!observed) return true
  const wish = wishOf(desired)
  if (observed.metadata.annotations?.[appliedHashAnnotation] !== wish) return true
  if (holds(observed, desired.object)) return false
  return settled.get(keyOfDesired(desired)) !== `${wish} ${fingerprint(observed)}`
}
