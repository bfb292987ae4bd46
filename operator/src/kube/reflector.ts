import { ApiError, isExpired, type KubeClient, type KubeObject, type ResourceKind } from './client.ts'

/**
 * Keeps a copy of every object of a kind by list and watch, and says which keys changed. It never gives up: a watch that ends, breaks,
 * falls silent or is refused is opened again with back-off, and a version the server no longer keeps is listed anew. Only keys go out;
 * whoever reconciles reads the newest copy, so a burst of changes costs one reconcile.
 */
export interface ReflectorOptions {
  client: KubeClient
  kind: ResourceKind
  /** One namespace, or all of them. */
  namespace?: string
  labelSelector?: string
  /** Objects a page of a list. */
  pageSize?: number
  /** A watch that brings neither an event nor a bookmark for so long is taken for dead. */
  silenceMs?: number
  backOffMs?: number
  backOffMaxMs?: number
  /** Trims an object before it is kept; `managedFields` always go. */
  transform?: (object: KubeObject) => KubeObject
  onFault?: (fault: unknown, retryInMs: number) => void
  random?: () => number
}

export type ReflectorEvent = {
  key: string
  type: 'changed' | 'deleted'
  object: KubeObject
  previous: KubeObject | undefined
}

export const keyOf = ({ metadata }: KubeObject): string =>
  metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`

export class Reflector {
  readonly #options: Required<
    Pick<ReflectorOptions, 'pageSize' | 'silenceMs' | 'backOffMs' | 'backOffMaxMs' | 'random'>
  > &
    ReflectorOptions
  readonly #objects = new Map<string, KubeObject>()
  readonly #listeners: ((event: ReflectorEvent) => void)[] = []
  readonly #stopping = new AbortController()
  #synced = Promise.withResolvers<void>()
  #hasSynced = false
  #running: Promise<void> | undefined
  #resourceVersion: string | undefined
  #lastHeardAt: number | undefined
  #relists = 0

  constructor(options: ReflectorOptions) {
    this.#options = {
      pageSize: 500,
      silenceMs: 90_000,
      backOffMs: 500,
      backOffMaxMs: 30_000,
      random: Math.random,
      ...options
    }
  }

  get kind(): ResourceKind {
    return this.#options.kind
  }

  get(key: string): KubeObject | undefined {
    return this.#objects.get(key)
  }

  get size(): number {
    return this.#objects.size
  }

  objects(): IterableIterator<KubeObject> {
    return this.#objects.values()
  }

  /** Full lists since the start: 1 in a quiet life. */
  get relists(): number {
    return this.#relists
  }

  get hasSynced(): boolean {
    return this.#hasSynced
  }

  /** Milliseconds since the server last said anything; a dead watch shows here. */
  silentMs(now = performance.now()): number {
    return this.#lastHeardAt === undefined ? 0 : now - this.#lastHeardAt
  }

  /** Listeners are told in the order of the watch. A listener must not throw: it only notes keys. */
  onEvent(listener: (event: ReflectorEvent) => void): void {
    this.#listeners.push(listener)
  }

  /** Starts; resolves once the first list is complete. */
  start(): Promise<void> {
    this.#running ??= this.#run()
    return this.#synced.promise
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#synced.resolve()
    await this.#running
  }

  async #run(): Promise<void> {
    let failures = 0
    while (!this.#stopping.signal.aborted) {
      try {
        if (this.#resourceVersion === undefined) await this.#list()
        const healthy = await this.#watch()
        // Back-off ends only after a watch that really worked: a server that accepts and cuts at once must not be hammered.
        if (healthy) failures = 0
        else await this.#pause(++failures, undefined)
      } catch (thrown) {
        if (this.#stopping.signal.aborted) return
        if (isExpired(thrown)) {
          this.#resourceVersion = undefined
          if (failures++ === 0) continue
        } else failures++
        await this.#pause(failures, thrown)
      }
    }
  }

  async #pause(failures: number, fault: unknown): Promise<void> {
    const { backOffMs, backOffMaxMs, random } = this.#options
    const exponential = Math.min(backOffMs * 2 ** Math.min(failures - 1, 20), backOffMaxMs)
    const asked = fault instanceof ApiError ? (fault.retryAfterMs ?? 0) : 0
    const delay = Math.max(asked, exponential * (0.5 + random() / 2))
    if (fault !== undefined) this.#options.onFault?.(fault, delay)
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delay)
      this.#stopping.signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
    })
  }

  /** Lists page by page; what is gone since the last list is told as deleted, with the last copy known. */
  async #list(): Promise<void> {
    const { client, kind, namespace, labelSelector, pageSize } = this.#options
    const seen = new Set<string>()
    let page: { metadata: { resourceVersion: string; continue?: string }; items: KubeObject[] }
    let continueToken: string | undefined
    do {
      page = await client.list(
        kind,
        namespace,
        { limit: pageSize, continue: continueToken, labelSelector },
        this.#stopping.signal
      )
      for (const item of page.items) {
        seen.add(keyOf(item))
        this.#upsert(item)
      }
      continueToken = page.metadata.continue === '' ? undefined : page.metadata.continue
      this.#lastHeardAt = performance.now()
    } while (continueToken !== undefined)
    for (const key of this.#objects.keys()) if (!seen.has(key)) this.#remove(key)
    this.#resourceVersion = page.metadata.resourceVersion
    this.#relists++
    this.#hasSynced = true
    this.#synced.resolve()
  }

  /** Watches until the server ends it. True when it brought anything, or lived long enough to count as healthy. */
  async #watch(): Promise<boolean> {
    const { client, kind, namespace, labelSelector, silenceMs, random } = this.#options
    const silence = new AbortController()
    let timer: NodeJS.Timeout | undefined
    const heard = () => {
      this.#lastHeardAt = performance.now()
      clearTimeout(timer)
      timer = setTimeout(
        () => silence.abort(new Error(`The watch of ${kind.plural} said nothing for ${silenceMs} ms`)),
        silenceMs
      )
    }
    heard()
    const openedAt = performance.now()
    let events = 0
    try {
      client.onRequest('watch', kind.kind)
      const response = await client.open(client.path(kind, namespace), {
        query: {
          watch: true,
          allowWatchBookmarks: true,
          resourceVersion: this.#resourceVersion,
          labelSelector,
          // Spread over five to ten minutes, so that all watches of all replicas do not end together.
          timeoutSeconds: Math.round(300 + random() * 300)
        },
        signal: AbortSignal.any([this.#stopping.signal, silence.signal])
      })
      if (!response.body) throw new Error('The watch has no body')
      for await (const line of lines(response.body as unknown as AsyncIterable<Uint8Array>)) {
        heard()
        events++
        this.#accept(JSON.parse(line) as WatchEvent)
      }
      return events > 0 || performance.now() - openedAt > 10_000
    } catch (thrown) {
      // A cut after a healthy stretch is everyday life; the version is kept, so nothing is missed.
      if (!isExpired(thrown) && !(thrown instanceof ApiError) && (events > 0 || silence.signal.aborted)) return true
      throw thrown
    } finally {
      clearTimeout(timer)
    }
  }

  #accept({ type, object }: WatchEvent): void {
    switch (type) {
      case 'ADDED':
      case 'MODIFIED':
        this.#upsert(object)
        break
      case 'DELETED':
        this.#remove(keyOf(object), object)
        break
      case 'BOOKMARK':
        break
      case 'ERROR': {
        const status = object as unknown as { code?: number; reason?: string; message?: string }
        throw new ApiError(
          status.code ?? 500,
          status.reason ?? 'Unknown',
          status.message ?? 'The watch ended with an error'
        )
      }
      default:
        void (type satisfies never)
    }
    this.#resourceVersion = object.metadata.resourceVersion ?? this.#resourceVersion
  }

  #upsert(incoming: KubeObject): void {
    delete incoming.metadata.managedFields
    const object = this.#options.transform?.(incoming) ?? incoming
    const key = keyOf(object)
    const previous = this.#objects.get(key)
    if (
      previous?.metadata.resourceVersion === object.metadata.resourceVersion &&
      previous?.metadata.uid === object.metadata.uid
    )
      return
    this.#objects.set(key, object)
    this.#tell({ key, type: 'changed', object, previous })
  }

  #remove(key: string, last?: KubeObject): void {
    const previous = this.#objects.get(key)
    this.#objects.delete(key)
    const object = last ?? previous
    if (object) this.#tell({ key, type: 'deleted', object, previous })
  }

  #tell(event: ReflectorEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}

interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  object: KubeObject
}

async function* lines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true })
    let end = rest.indexOf('\n')
    while (end >= 0) {
      const line = rest.slice(0, end)
      rest = rest.slice(end + 1)
      if (line.trim() !== '') yield line
      end = rest.indexOf('\n')
    }
  }
}
