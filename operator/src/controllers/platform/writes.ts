import { hashOf, type DesiredObject } from '../../kube/apply.ts'
import type { KubeObject, OwnerReference } from '../../kube/client.ts'
import { keyOfDesired, needsApply } from './difference.ts'
import type { Observed } from './gates.ts'
import type { Component } from './resources/components.ts'

/** Says that the number of pods is held by another field manager, so that ours may leave it out without its falling to one. */
export const replicasHeldAnnotation = 'gavel.dev/replicas-held'

export type Write =
  | { type: 'Apply'; desired: DesiredObject }
  /** Takes the number of pods into a field manager of its own: `undefined` lets go of it. */
  | { type: 'HoldReplicas'; desired: DesiredObject; replicas: number | undefined }
  | { type: 'Delete'; desired: DesiredObject; uid: string }

const withReplicas = (desired: DesiredObject, replicas: number): DesiredObject => ({
  ...desired,
  object: { ...desired.object, spec: { ...(desired.object['spec'] as object), replicas } }
})

/**
 * A Deployment whose number of pods a Scaler decides. Server-side apply takes a field away that its last owner no longer names, and the
 * number would fall to one: so it begins with the least the Scaler may choose, another manager takes the number over, and only then
 * is it left out.
 */
function scaledWrites(
  desired: DesiredObject,
  observed: KubeObject | undefined,
  from: number,
  applies: boolean
): Write[] {
  if (!observed) return [{ type: 'Apply', desired: withReplicas(desired, from) }]
  const held = observed.metadata.annotations?.[replicasHeldAnnotation] !== undefined
  const now = (observed['spec'] as { replicas?: number } | undefined)?.replicas ?? 1
  return [
    ...(held ? [] : [{ type: 'HoldReplicas', desired, replicas: Math.max(now, from) } as const]),
    ...(applies ? [{ type: 'Apply', desired } as const] : [])
  ]
}

export function writesOf(
  { objects, gate, scaledFrom }: Component,
  observed: Observed,
  settled: ReadonlyMap<string, string>
): Write[] {
  return objects.flatMap((desired): Write[] => {
    const seen = observed.get(keyOfDesired(desired))
    const applies = needsApply(desired, seen, settled)
    if (desired === gate && scaledFrom !== undefined) return scaledWrites(desired, seen, scaledFrom, applies)
    const held = desired === gate && seen?.metadata.annotations?.[replicasHeldAnnotation] !== undefined
    return [
      ...(applies ? [{ type: 'Apply', desired } as const] : []),
      ...(held ? [{ type: 'HoldReplicas', desired, replicas: undefined } as const] : [])
    ]
  })
}

const isOwnedBy = (object: KubeObject, uid: string): boolean =>
  (object.metadata.ownerReferences ?? []).some((reference: OwnerReference) => reference.uid === uid)

/** What this Platform made, and nobody wants any more. What it did not make is never touched, whatever labels it carries. */
export function removals(
  wanted: ReadonlySet<string>,
  observed: Observed,
  uid: string | undefined,
  kindOf: KindLookup
): Write[] {
  if (uid === undefined) return []
  return [...observed.values()].flatMap((object): Write[] => {
    const kind = kindOf(object.kind ?? '')
    if (!kind || wanted.has(`${kind.kind}/${object.metadata.name}`) || !isOwnedBy(object, uid)) return []
    if (object.metadata.deletionTimestamp !== undefined) return []
    return [{ type: 'Delete', desired: { kind, object }, uid: object.metadata.uid ?? '' }]
  })
}

export type KindLookup = (kind: string) => DesiredObject['kind'] | undefined

/** The spec as a name: two specs that mean the same have the same. */
export const revisionOf = (spec: unknown): string => hashOf(spec).slice(0, 10)
