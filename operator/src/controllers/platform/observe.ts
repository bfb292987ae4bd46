import type { KubeClient, KubeObject, ResourceKind } from '../../kube/client.ts'
import { Reflector } from '../../kube/reflector.ts'
import type { ControllerRuntime } from '../../kube/runtime.ts'
import { kinds } from './resources/kinds.ts'
import { platformLabel } from './resources/metadata.ts'
import type { Observed } from './gates.ts'
import type { PlatformResource, PlatformSpec } from './types.ts'

/** Everything that Platforms made, as the watches tell it; what was just written counts before its event comes back. */
export interface PlatformObserver {
  observe(platform: PlatformResource): Observed
  /** Notes the server's answer to a write. */
  wrote(kind: ResourceKind, object: KubeObject): void
  /** The spec that last was in place as a whole. */
  goodSpec(platform: PlatformResource): PlatformSpec | undefined
  revisions(platform: PlatformResource): KubeObject[]
  kindOf(kind: string): ResourceKind | undefined
}

const goneMost = 10_000

const version = (object: KubeObject): number => Number(object.metadata.resourceVersion ?? 0)
const platformOf = ({ metadata }: KubeObject): string =>
  `${metadata.namespace ?? ''}/${metadata.labels?.[platformLabel] ?? ''}`

export const revisionName = (platform: string, revision: string): string => `${platform}-${revision}`

/**
 * Watches by label, one reflector for each kind.
 * @param changed is told the key of the Platform whose object has changed.
 */
export function createPlatformObserver(options: {
  runtime: ControllerRuntime
  client: KubeClient
  ownKinds: readonly ResourceKind[]
  namespace?: string
  changed: (platform: string) => void
}): PlatformObserver {
  const { runtime, client, ownKinds, namespace, changed } = options
  const watched = [...Object.values(kinds), ...ownKinds]
  const byPlatform = new Map<string, Map<string, KubeObject>>()
  /** The last version of what was deleted, against an answer that comes late and would bring it back. */
  const gone = new Map<string, number>()
  /** The newer wins: an answer to our write and the events of others' writes come by different ways, in any order. */
  const put = (platform: string, key: string, object: KubeObject): void => {
    const objects = byPlatform.get(platform) ?? new Map<string, KubeObject>()
    const known = objects.get(key)
    if (known && version(known) > version(object)) return
    if ((gone.get(`${platform} ${key}`) ?? 0) >= version(object)) return
    byPlatform.set(platform, objects.set(key, object))
  }
  const bury = (platform: string, key: string, object: KubeObject): void => {
    byPlatform.get(platform)?.delete(key)
    if (gone.size >= goneMost) gone.clear()
    gone.set(`${platform} ${key}`, version(object))
  }
  for (const kind of watched) {
    const scope = namespace === undefined ? {} : { namespace }
    const reflector = runtime.watch(new Reflector({ client, kind, labelSelector: platformLabel, ...scope }))
    reflector.onEvent(({ type, object, previous }) => {
      const platform = platformOf(object)
      const key = `${kind.kind}/${object.metadata.name}`
      // Somebody gave it another Platform's label: this one misses it from now on.
      if (previous && platformOf(previous) !== platform) {
        byPlatform.get(platformOf(previous))?.delete(key)
        changed(platformOf(previous))
      }
      const known = byPlatform.get(platform)?.get(key)
      // An event older than our own write: that one's event is still to come.
      if (known && version(object) < version(known)) return
      if (type === 'deleted') bury(platform, key, object)
      else put(platform, key, { ...object, kind: kind.kind })
      changed(platform)
    })
  }
  const all = (platform: PlatformResource) =>
    byPlatform.get(`${platform.metadata.namespace ?? ''}/${platform.metadata.name}`) ?? new Map<string, KubeObject>()
  return {
    observe: (platform) => all(platform),
    wrote: (kind, object) =>
      put(platformOf(object), `${kind.kind}/${object.metadata.name}`, { ...object, kind: kind.kind }),
    goodSpec: (platform) => {
      const { revision } = platform.status ?? {}
      if (revision === undefined) return undefined
      const kept = all(platform).get(`ControllerRevision/${revisionName(platform.metadata.name, revision)}`)
      return (kept?.['data'] as { spec: PlatformSpec } | undefined)?.spec
    },
    revisions: (platform) => [...all(platform).values()].filter(({ kind }) => kind === 'ControllerRevision'),
    // A revision is kept and ended by its own rule.
    kindOf: (name) => watched.find(({ kind }) => kind === name && kind !== 'ControllerRevision')
  }
}
