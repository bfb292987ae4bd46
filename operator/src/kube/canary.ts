import type { KubeClient, KubeObject, ResourceKind } from './client.ts'
import { Reflector } from './reflector.ts'

const configMaps: ResourceKind = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true }

/**
 * Proves that watch events still arrive: touches a ConfigMap of its own and waits to see the change come back through a watch. A watch
 * that looks open and says nothing is found here, and nowhere else.
 */
export class WatchCanary {
  readonly #client: KubeClient
  readonly #namespace: string
  readonly #name: string
  readonly #owner: { name: string; uid: string } | undefined
  readonly #everyMs: number
  readonly #reflector: Reflector
  #timer: NodeJS.Timeout | undefined
  #sent: { token: string; at: number } | undefined
  #roundTripMs: number | undefined
  #onFault: (fault: unknown) => void

  constructor(options: {
    client: KubeClient
    namespace: string
    name: string
    /** The pod this runs in: the ConfigMap goes with it. */
    owner?: { name: string; uid: string }
    everyMs?: number
    onFault?: (fault: unknown) => void
  }) {
    this.#client = options.client
    this.#namespace = options.namespace
    this.#name = options.name
    this.#owner = options.owner
    this.#everyMs = options.everyMs ?? 15_000
    this.#onFault = options.onFault ?? (() => {})
    this.#reflector = new Reflector({
      client: options.client,
      kind: configMaps,
      namespace: options.namespace,
      labelSelector: `gavel.dev/watch-canary=${options.name}`
    })
    this.#reflector.onEvent(({ object }) => this.#heard(object))
  }

  /** Milliseconds since the oldest touch that has not come back; 0 when all came back. */
  overdueMs(now = performance.now()): number {
    return this.#sent === undefined ? 0 : now - this.#sent.at
  }

  /** How long the last touch took to come back. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs
  }

  async start(): Promise<void> {
    await this.#reflector.start()
    const touch = () => void this.#touch().catch(this.#onFault)
    touch()
    this.#timer = setInterval(touch, this.#everyMs)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#reflector.stop()
  }

  async #touch(): Promise<void> {
    // One touch at a time: while one is out, its age is the measure.
    if (this.#sent) return
    const token = crypto.randomUUID()
    const sent = { token, at: performance.now() }
    this.#sent = sent
    try {
      await this.#client.apply(
        configMaps,
        {
          metadata: {
            namespace: this.#namespace,
            name: this.#name,
            labels: { 'gavel.dev/watch-canary': this.#name },
            ...(this.#owner ? { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', ...this.#owner }] } : {})
          },
          data: { token }
        },
        'gavel-watch-canary'
      )
    } catch (thrown) {
      // Without a write there is nothing to wait for; the server being away shows elsewhere.
      if (this.#sent === sent) this.#sent = undefined
      throw thrown
    }
  }

  #heard(object: KubeObject): void {
    const token = (object['data'] as { token?: string } | undefined)?.token
    if (this.#sent === undefined || token !== this.#sent.token) return
    this.#roundTripMs = performance.now() - this.#sent.at
    this.#sent = undefined
  }
}
