import { setTimeout as delay } from 'node:timers/promises'
import { platform } from '../controllers/platform/types.ts'
import type { KubeClient } from '../kube/client.ts'

/**
 * Deletes the platforms of a namespace and waits until they are gone with all that they own: topics are let go of by the operator, so it has
 * to be there meanwhile.
 */
export async function removePlatforms(
  client: KubeClient,
  namespace: string,
  { say, timeoutMs }: { say: (line: string) => void; timeoutMs: number }
): Promise<void> {
  const end = performance.now() + timeoutMs
  for (;;) {
    const { items } = await client.list(platform, namespace)
    if (items.length === 0) return say(`There is no platform in ${namespace}`)
    const standing = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    for (const { metadata } of standing) {
      say(`Removing ${metadata.name}`)
      await client.delete(platform, namespace, metadata.name, { propagation: 'Foreground' })
    }
    if (performance.now() > end) throw new Error(`${items[0]!.metadata.name} is not gone after ${timeoutMs / 1000} s`)
    await delay(500)
  }
}
