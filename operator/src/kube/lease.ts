import { hostname } from 'node:os'
import { isConflict, isNotFound, type KubeClient, type KubeObject, type ResourceKind } from './client.ts'

export const leases: ResourceKind = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true
}

interface Lease extends KubeObject {
  spec: {
    holderIdentity?: string | null
    leaseDurationSeconds?: number
    acquireTime?: string | null
    renewTime?: string | null
    leaseTransitions?: number
  }
}

export interface LeaderElectionOptions {
  client: KubeClient
  namespace: string
  name: string
  identity?: string
  /** Others wait this long after the last renewal they saw before they take over. */
  leaseMs?: number
  /** The leader that could not renew for so long stops leading; less than `leaseMs`, so that two never lead at once. */
  renewDeadlineMs?: number
  retryMs?: number
  onFault?: (fault: unknown) => void
  now?: () => number
}

/**
 * Leader election by Lease. Time is measured by this process's own monotonic clock from the moment a renewal was *seen*, so clocks of
 * machines need not agree. Work done as leader gets a signal that is aborted the moment leadership may be lost (fencing), and the lease is
 * given back on stop, so that a follower takes over at once.
 */
export class LeaderElection {
  readonly #options: Required<Omit<LeaderElectionOptions, 'onFault'>> & Pick<LeaderElectionOptions, 'onFault'>
  readonly #stopping = new AbortController()
  #seen: { version: string; at: number } | undefined
  #leading: AbortController | undefined
  #renewedAt = 0
  #expiry: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined

  constructor(options: LeaderElectionOptions) {
    this.#options = {
      identity: `${hostname()}_${process.pid}_${crypto.randomUUID().slice(0, 8)}`,
      leaseMs: 15_000,
      renewDeadlineMs: 10_000,
      retryMs: 2_000,
      now: () => performance.now(),
      ...options
    }
  }

  get identity(): string {
    return this.#options.identity
  }

  get isLeader(): boolean {
    return this.#leading !== undefined && !this.#leading.signal.aborted
  }

  /** Runs until stopped; `lead` is called each time leadership is won, with a signal that ends with it. */
  start(lead: (signal: AbortSignal) => void): void {
    this.#running ??= this.#run(lead)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
    clearTimeout(this.#expiry)
    if (!this.#leading) return
    this.#leading.abort()
    await this.#release().catch((fault: unknown) => this.#options.onFault?.(fault))
  }

  async #run(lead: (signal: AbortSignal) => void): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        // The clock starts before the request: the server may have stored the renewal long before its answer arrives.
        const sentAt = this.#options.now()
        if (await this.#acquireOrRenew()) this.#won(sentAt, lead)
        else this.#lost()
      } catch (thrown) {
        if (!isConflict(thrown)) this.#options.onFault?.(thrown)
      }
      await pause(this.#options.retryMs, this.#stopping.signal)
    }
  }

  #won(sentAt: number, lead: (signal: AbortSignal) => void): void {
    this.#renewedAt = sentAt
    clearTimeout(this.#expiry)
    const left = this.#options.renewDeadlineMs - (this.#options.now() - this.#renewedAt)
    // A timer of its own: a renewal that hangs must not keep an expired leader going.
    this.#expiry = setTimeout(() => this.#lost(), Math.max(0, left))
    this.#expiry.unref()
    if (this.isLeader) return
    this.#leading = new AbortController()
    lead(this.#leading.signal)
  }

  #lost(): void {
    clearTimeout(this.#expiry)
    this.#leading?.abort()
    this.#leading = undefined
  }

  async #acquireOrRenew(): Promise<boolean> {
    const { client, namespace, name, identity, leaseMs, retryMs } = this.#options
    const signal = AbortSignal.timeout(Math.max(retryMs, this.#options.renewDeadlineMs - retryMs))
    let lease: Lease
    try {
      lease = await client.get<Lease>(leases, namespace, name, signal)
    } catch (thrown) {
      if (!isNotFound(thrown)) throw thrown
      await client.create<Lease>(leases, { metadata: { namespace, name }, spec: this.#spec(0) })
      return true
    }
    const version = lease.metadata.resourceVersion ?? ''
    if (this.#seen?.version !== version) this.#seen = { version, at: this.#options.now() }
    const holder = lease.spec.holderIdentity ?? ''
    const held = holder !== '' && holder !== identity
    const expired = this.#options.now() - this.#seen.at > (lease.spec.leaseDurationSeconds ?? leaseMs / 1000) * 1000
    if (held && !expired) return false
    const transitions = (lease.spec.leaseTransitions ?? 0) + (holder === identity ? 0 : 1)
    const renewed = await client.replace<Lease>(leases, {
      ...lease,
      spec: {
        ...this.#spec(transitions),
        ...(holder === identity ? { acquireTime: lease.spec.acquireTime ?? null } : {})
      }
    })
    this.#seen = { version: renewed.metadata.resourceVersion ?? '', at: this.#options.now() }
    return true
  }

  async #release(): Promise<void> {
    const { client, namespace, name, identity } = this.#options
    const lease = await client.find<Lease>(leases, namespace, name)
    if (lease?.spec.holderIdentity !== identity) return
    // The resource version makes this a compare-and-set: a successor is never thrown out.
    await client.replace<Lease>(leases, {
      ...lease,
      spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1 }
    })
  }

  #spec(leaseTransitions: number): Lease['spec'] {
    const now = `${new Date().toISOString().slice(0, -1)}000Z`
    return {
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: Math.ceil(this.#options.leaseMs / 1000),
      acquireTime: now,
      renewTime: now,
      leaseTransitions
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })
}
