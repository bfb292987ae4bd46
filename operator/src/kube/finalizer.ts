import type { KubeClient, KubeObject, ResourceKind } from './client.ts'
import { isNotFound } from './client.ts'

export const isBeingDeleted = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined
export const hasFinalizer = ({ metadata }: KubeObject, finalizer: string): boolean =>
  metadata.finalizers?.includes(finalizer) ?? false

/** Adds or takes away one finalizer and leaves those of others alone; the resource version makes it a compare-and-set. */
async function writeFinalizers(
  client: KubeClient,
  kind: ResourceKind,
  object: KubeObject,
  finalizers: string[]
): Promise<void> {
  const { namespace, name, resourceVersion } = object.metadata
  await client.patch(kind, namespace, name, { metadata: { finalizers, resourceVersion } })
}

export async function addFinalizer(
  client: KubeClient,
  kind: ResourceKind,
  object: KubeObject,
  finalizer: string
): Promise<void> {
  if (hasFinalizer(object, finalizer) || isBeingDeleted(object)) return
  await writeFinalizers(client, kind, object, [...(object.metadata.finalizers ?? []), finalizer])
}

export async function removeFinalizer(
  client: KubeClient,
  kind: ResourceKind,
  object: KubeObject,
  finalizer: string
): Promise<void> {
  if (!hasFinalizer(object, finalizer)) return
  const rest = (object.metadata.finalizers ?? []).filter((name) => name !== finalizer)
  try {
    await writeFinalizers(client, kind, object, rest)
  } catch (thrown) {
    // Gone is what was wanted.
    if (!isNotFound(thrown)) throw thrown
  }
}

/**
 * Whether deletion has waited long enough for the outside world. A finalizer that waits for ever keeps a namespace from ending; after the
 * limit it is let go, with an Event that says what was left behind.
 */
export function deletionOverdue(object: KubeObject, limitMs: number, now: Date): boolean {
  const { deletionTimestamp } = object.metadata
  return deletionTimestamp !== undefined && now.getTime() - Date.parse(deletionTimestamp) > limitMs
}
