import { apiVersionOf, type KubeClient, type KubeObject, type ResourceKind } from './client.ts'

const eventKind: ResourceKind = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true
}

export interface EventOptions {
  type: 'Normal' | 'Warning'
  /** UpperCamelCase, from a closed list. */
  reason: string
  /** What the controller did or tried, as a verb. */
  action: string
  note: string
}

/**
 * Records Events on transitions. The same event about the same object within a window is told once; each object has a budget, so that an
 * object that flaps cannot flood the cluster. Recording never fails a reconcile.
 */
export class EventRecorder {
  readonly #client: KubeClient
  readonly #component: string
  readonly #instance: string
  readonly #windowMs: number
  readonly #burst: number
  readonly #refillMs: number
  readonly #now: () => number
  readonly #last = new Map<string, number>()
  readonly #budgets = new Map<string, { tokens: number; at: number }>()
  #dropped = 0

  constructor(options: {
    client: KubeClient
    component: string
    instance: string
    windowMs?: number
    burst?: number
    refillMs?: number
    now?: () => number
  }) {
    this.#client = options.client
    this.#component = options.component
    this.#instance = options.instance
    this.#windowMs = options.windowMs ?? 60_000
    this.#burst = options.burst ?? 25
    this.#refillMs = options.refillMs ?? 300_000
    this.#now = options.now ?? (() => Date.now())
  }

  /** Events not told because of the window or the budget. */
  get dropped(): number {
    return this.#dropped
  }

  async record(kind: ResourceKind, regarding: KubeObject, event: EventOptions): Promise<void> {
    const { namespace = 'default', name, uid } = regarding.metadata
    const now = this.#now()
    const object = `${kind.kind}/${namespace}/${name}`
    if (!this.#admit(object, `${object}/${event.reason}/${event.note}`, now)) {
      this.#dropped++
      return
    }
    try {
      await this.#client.create(eventKind, {
        metadata: {
          namespace,
          name: `${name.slice(0, 200)}.${now.toString(16)}${Math.floor(Math.random() * 0xffff).toString(16)}`
        },
        eventTime: `${new Date(now).toISOString().slice(0, -1)}000Z`,
        reportingController: this.#component,
        reportingInstance: this.#instance.slice(0, 128),
        action: event.action,
        reason: event.reason,
        type: event.type,
        note: event.note.slice(0, 1024),
        regarding: {
          apiVersion: apiVersionOf(kind),
          kind: kind.kind,
          namespace,
          name,
          ...(uid === undefined ? {} : { uid })
        }
      } as KubeObject)
    } catch {
      // An Event is a courtesy: in a namespace that is ending the server refuses it, and the reconcile must go on.
      this.#dropped++
    }
  }

  #admit(object: string, event: string, now: number): boolean {
    if (this.#last.size > 10_000) {
      for (const [key, at] of this.#last) if (now - at > this.#windowMs) this.#last.delete(key)
      for (const [key, { at }] of this.#budgets) if (now - at > this.#burst * this.#refillMs) this.#budgets.delete(key)
    }
    if (now - (this.#last.get(event) ?? -Infinity) < this.#windowMs) return false
    const budget = this.#budgets.get(object) ?? { tokens: this.#burst, at: now }
    budget.tokens = Math.min(this.#burst, budget.tokens + (now - budget.at) / this.#refillMs)
    budget.at = now
    this.#budgets.set(object, budget)
    if (budget.tokens < 1) return false
    budget.tokens -= 1
    this.#last.set(event, now)
    return true
  }
}
