import { appliedHashAnnotation, applyObject, type DesiredObject } from '../../kube/apply.ts'
import { isConflict, isNotFound, type KubeClient, type KubeObject } from '../../kube/client.ts'
import { fingerprint, holds, keyOfDesired, wishOf } from './difference.ts'
import type { PlatformObserver } from './observe.ts'
import type { PlatformResource } from './types.ts'
import { replicasHeldAnnotation, type Write } from './writes.ts'

export const fieldManager = 'gavel-platform'
const replicasManager = 'gavel-platform-replicas'

/** A name the platform needs is another's. Nothing is taken over by force: somebody must decide. */
export class NameTaken extends Error {
  override name = 'NameTaken'
}

export interface Outcome {
  /** Somebody had changed what we own, and it is as it was. */
  reverted: boolean
}

/** Carries out the writes of one Platform, and remembers which objects differ from their wish in notation alone. */
export class PlatformWriter {
  readonly #client: KubeClient
  readonly #observer: PlatformObserver
  readonly #settled = new Map<string, Map<string, string>>()

  constructor(client: KubeClient, observer: PlatformObserver) {
    this.#client = client
    this.#observer = observer
  }

  settled(platform: PlatformResource): Map<string, string> {
    const uid = platform.metadata.uid ?? ''
    const settled = this.#settled.get(uid) ?? new Map<string, string>()
    this.#settled.set(uid, settled)
    return settled
  }

  /** Forgets Platforms that are gone. */
  keepOnly(uids: ReadonlySet<string>): void {
    for (const uid of this.#settled.keys()) if (!uids.has(uid)) this.#settled.delete(uid)
  }

  async carryOut(platform: PlatformResource, write: Write): Promise<Outcome> {
    switch (write.type) {
      case 'Apply':
        return { reverted: await this.#apply(platform, write.desired) }
      case 'HoldReplicas':
        await this.#holdReplicas(write.desired, write.replicas)
        return { reverted: false }
      case 'Delete':
        await this.#delete(write.desired, write.uid)
        return { reverted: false }
      default:
        return write satisfies never
    }
  }

  async #apply(platform: PlatformResource, desired: DesiredObject): Promise<boolean> {
    const key = keyOfDesired(desired)
    const before = this.#observer.observe(platform).get(key)
    if (!before) await this.#mayTake(platform, desired)
    const after = await applyObject(this.#client, desired, fieldManager)
    this.#observer.wrote(desired.kind, after)
    const settled = this.settled(platform)
    // The server writes some values its own way, and a webhook may insist on others: applying again would change nothing.
    if (holds(after, desired.object)) settled.delete(key)
    else settled.set(key, `${wishOf(desired)} ${fingerprint(after)}`)
    const sameWish = before?.metadata.annotations?.[appliedHashAnnotation] === wishOf(desired)
    return sameWish && after.metadata.resourceVersion !== before?.metadata.resourceVersion
  }

  /** What exists and is not ours is not applied to: a Service of the same name may be somebody's. */
  async #mayTake(platform: PlatformResource, { kind, object }: DesiredObject): Promise<void> {
    const { namespace, name } = object.metadata
    const existing = await this.#client.find(kind, namespace, name)
    const uid = platform.metadata.uid ?? ''
    if (!existing || existing.metadata.ownerReferences?.some((owner) => owner.uid === uid)) return
    throw new NameTaken(`${kind.kind} ${name} exists and is not this Platform’s: remove it, or use another namespace`)
  }

  async #holdReplicas({ kind, object }: DesiredObject, replicas: number | undefined): Promise<void> {
    const { name, namespace } = object.metadata
    const held =
      replicas === undefined
        ? { metadata: { name, ...(namespace === undefined ? {} : { namespace }) } }
        : {
            metadata: {
              name,
              ...(namespace === undefined ? {} : { namespace }),
              annotations: { [replicasHeldAnnotation]: 'true' }
            },
            spec: { replicas }
          }
    this.#observer.wrote(kind, await this.#client.apply<KubeObject>(kind, held, replicasManager))
  }

  async #delete({ kind, object }: DesiredObject, uid: string): Promise<void> {
    const { namespace, name } = object.metadata
    try {
      await this.#client.delete(kind, namespace, name, { uid })
    } catch (thrown) {
      // Gone already, or another of the same name, which is not ours to end.
      if (!isNotFound(thrown) && !isConflict(thrown)) throw thrown
    }
  }
}
