import { createHash } from 'node:crypto'
import type { KubeClient, KubeObject, ResourceKind } from './client.ts'
import { apiVersionOf } from './client.ts'

/** The hash of what was applied last, kept on the object: the same hash means nothing to write. */
export const appliedHashAnnotation = 'gavel.dev/applied-hash'

export interface DesiredObject {
  kind: ResourceKind
  object: KubeObject
}

const canonical = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(canonical)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .filter(([, member]) => member !== undefined)
            .toSorted(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, member]) => [name, canonical(member)])
        )
      : value

export const hashOf = (object: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(canonical(object)))
    .digest('hex')
    .slice(0, 32)

/**
 * Applies an object we own, unless the one observed carries the hash of the same wish. Whoever changed a field by hand in between is
 * overruled at the next full comparison, where `observed` is left out.
 * @returns whether a request was sent.
 */
export async function applyObject(
  client: KubeClient,
  desired: DesiredObject,
  observed: KubeObject | undefined,
  fieldManager: string
): Promise<boolean> {
  const hash = hashOf(desired.object)
  if (observed?.metadata.annotations?.[appliedHashAnnotation] === hash) return false
  const { metadata } = desired.object
  await client.apply(
    desired.kind,
    {
      ...desired.object,
      metadata: { ...metadata, annotations: { ...metadata.annotations, [appliedHashAnnotation]: hash } }
    },
    fieldManager
  )
  return true
}

/** The owner reference that lets garbage collection end what an object made. */
export const ownedBy = (kind: ResourceKind, owner: KubeObject) => ({
  apiVersion: apiVersionOf(kind),
  kind: kind.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid ?? '',
  controller: true,
  blockOwnerDeletion: true
})
