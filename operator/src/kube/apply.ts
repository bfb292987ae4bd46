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
 * Applies an object we own, with the hash of the wish noted on it: whoever reads it later knows without a request whether it was applied
 * by the same wish.
 * @returns the object as the server has it now.
 */
export async function applyObject(
  client: KubeClient,
  desired: DesiredObject,
  fieldManager: string
): Promise<KubeObject> {
  const { metadata } = desired.object
  const annotations = { ...metadata.annotations, [appliedHashAnnotation]: hashOf(desired.object) }
  return await client.apply(desired.kind, { ...desired.object, metadata: { ...metadata, annotations } }, fieldManager)
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
