import { isDeepStrictEqual } from 'node:util'
import type { KubeClient, KubeObject, ResourceKind } from './client.ts'

/**
 * Writes the status subresource by server-side apply under a field manager of its own, and only where it differs from what the server
 * has: a converged object costs no request.
 * @returns whether anything was written.
 */
export async function applyStatus(
  client: KubeClient,
  kind: ResourceKind,
  object: KubeObject,
  status: Record<string, unknown>,
  fieldManager: string
): Promise<boolean> {
  const next = JSON.parse(JSON.stringify(status)) as Record<string, unknown>
  if (isDeepStrictEqual(object['status'], next)) return false
  const { name, namespace } = object.metadata
  await client.apply(
    kind,
    { metadata: { name, ...(namespace === undefined ? {} : { namespace }) }, status: next },
    fieldManager,
    'status'
  )
  return true
}
