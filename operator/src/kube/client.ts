import { HttpMethod, KubeConfig, RequestContext, type Cluster } from '@kubernetes/client-node'
import { fetch, type Dispatcher } from 'undici'

/** How a kind is addressed: `/apis/<group>/<version>/namespaces/<namespace>/<plural>/<name>`; the core group is `''`. */
export interface ResourceKind {
  group: string
  version: string
  kind: string
  plural: string
  namespaced: boolean
}

export const apiVersionOf = ({ group, version }: ResourceKind): string =>
  group === '' ? version : `${group}/${version}`

export interface ObjectMeta {
  name: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  finalizers?: string[]
  ownerReferences?: OwnerReference[]
  managedFields?: unknown
}

export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

export interface KubeObject {
  apiVersion?: string
  kind?: string
  metadata: ObjectMeta
  [field: string]: unknown
}

/** The API server said no. `code` is the HTTP status, `reason` Kubernetes' own word for it (`Conflict`, `Expired`, …). */
export class ApiError extends Error {
  override name = 'ApiError'
  readonly code: number
  readonly reason: string
  /** From `Retry-After`, when the server sent it. */
  readonly retryAfterMs: number | undefined
  constructor(code: number, reason: string, message: string, retryAfterMs?: number) {
    super(message)
    this.code = code
    this.reason = reason
    this.retryAfterMs = retryAfterMs
  }
}

export const isNotFound = (thrown: unknown): boolean => thrown instanceof ApiError && thrown.code === 404
export const isConflict = (thrown: unknown): boolean => thrown instanceof ApiError && thrown.code === 409
/** The resource version asked for is no longer kept: list again. */
export const isExpired = (thrown: unknown): boolean =>
  thrown instanceof ApiError && (thrown.code === 410 || thrown.reason === 'Expired' || thrown.reason === 'Gone')

/** How long connections to the API server are used before new ones take their place. */
const connectionsMs = 600_000

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  query?: Record<string, string | number | boolean | undefined>
  body?: unknown
  contentType?: string
  signal?: AbortSignal
  /** Whole-request limit in milliseconds; a watch sets none and is ended by its signal. */
  timeoutMs?: number
}

export interface ListOf<T> {
  metadata: { resourceVersion: string; continue?: string }
  items: T[]
}

/**
 * The API server, by kind. Built on the authentication and TLS of `@kubernetes/client-node`; requests are plain, so that every status code,
 * header and byte of a watch is seen here and not behind an informer that gives up quietly.
 */
export class KubeClient {
  readonly #config: KubeConfig
  #connections: { cluster: Cluster; dispatcher: Dispatcher | undefined; since: number } | undefined
  /** Requests sent by verb, for metrics and for tests that ask for silence. */
  readonly onRequest: (verb: string, kind: string) => void

  constructor(config: KubeConfig, onRequest: (verb: string, kind: string) => void = () => {}) {
    this.#config = config
    this.onRequest = onRequest
  }

  /** From `KUBECONFIG`, `~/.kube/config`, or the pod's service account. */
  static fromEnvironment(onRequest?: (verb: string, kind: string) => void): KubeClient {
    const config = new KubeConfig()
    config.loadFromDefault()
    return new KubeClient(config, onRequest)
  }

  /**
   * The library makes new connections for every request, each with a TLS handshake. Ours are kept, for a while only: a certificate that is
   * renewed on disk must come into use.
   */
  #dispatcherOf(cluster: Cluster, context: RequestContext): Dispatcher | undefined {
    const now = performance.now()
    if (this.#connections?.cluster === cluster && now - this.#connections.since < connectionsMs)
      return this.#connections.dispatcher
    const dispatcher = context.getDispatcher() as unknown as Dispatcher | undefined
    // Requests under way, watches among them, end on the connections they began on.
    void this.#connections?.dispatcher?.close()
    this.#connections = { cluster, dispatcher, since: now }
    return dispatcher
  }

  path(kind: ResourceKind, namespace?: string, name?: string, subresource?: string): string {
    const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`
    const scope = kind.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : ''
    const rest =
      name === undefined ? '' : `/${encodeURIComponent(name)}${subresource === undefined ? '' : `/${subresource}`}`
    return `${root}${scope}/${kind.plural}${rest}`
  }

  /** Sends one request and answers with the open response; throws {@link ApiError} for any status above 299. */
  async open(path: string, options: RequestOptions = {}): Promise<Response> {
    const cluster = this.#config.getCurrentCluster()
    if (!cluster) throw new Error('The Kubernetes configuration names no current cluster')
    const url = new URL(cluster.server.replace(/\/$/, '') + path)
    for (const [name, value] of Object.entries(options.query ?? {}))
      if (value !== undefined) url.searchParams.set(name, String(value))
    // Authentication is applied to each request anew, because service account tokens are rotated under a running process.
    const context = new RequestContext(url.toString(), HttpMethod.GET)
    await this.#config.applySecurityAuthentication(context)
    const dispatcher = this.#dispatcherOf(cluster, context)
    const signals = [
      options.signal,
      options.timeoutMs === undefined ? undefined : AbortSignal.timeout(options.timeoutMs)
    ]
    const response = await fetch(url, {
      method: options.method ?? 'GET',
      headers: {
        ...context.getHeaders(),
        accept: 'application/json',
        ...(options.body === undefined ? {} : { 'content-type': options.contentType ?? 'application/json' })
      },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(dispatcher ? { dispatcher } : {}),
      signal: AbortSignal.any(signals.filter((signal) => signal !== undefined))
    })
    if (response.status >= 300) throw await apiErrorOf(response as unknown as Response)
    return response as unknown as Response
  }

  async #json<T>(verb: string, kind: ResourceKind, path: string, options: RequestOptions = {}): Promise<T> {
    this.onRequest(verb, kind.kind)
    const response = await this.open(path, { timeoutMs: 30_000, ...options })
    return (await response.json()) as T
  }

  get<T extends KubeObject>(
    kind: ResourceKind,
    namespace: string | undefined,
    name: string,
    signal?: AbortSignal
  ): Promise<T> {
    return this.#json<T>('get', kind, this.path(kind, namespace, name), signal ? { signal } : {})
  }

  /** Like {@link get}, with `undefined` where there is nothing. */
  async find<T extends KubeObject>(
    kind: ResourceKind,
    namespace: string | undefined,
    name: string
  ): Promise<T | undefined> {
    try {
      return await this.get<T>(kind, namespace, name)
    } catch (thrown) {
      if (isNotFound(thrown)) return undefined
      throw thrown
    }
  }

  list<T extends KubeObject>(
    kind: ResourceKind,
    namespace: string | undefined,
    query: Record<string, string | number | boolean | undefined> = {},
    signal?: AbortSignal
  ): Promise<ListOf<T>> {
    return this.#json<ListOf<T>>('list', kind, this.path(kind, namespace), { query, ...(signal ? { signal } : {}) })
  }

  create<T extends KubeObject>(kind: ResourceKind, object: T): Promise<T> {
    return this.#json<T>('create', kind, this.path(kind, object.metadata.namespace), {
      method: 'POST',
      body: { apiVersion: apiVersionOf(kind), kind: kind.kind, ...object }
    })
  }

  /** Replaces the object; a stale `resourceVersion` is a conflict. */
  replace<T extends KubeObject>(kind: ResourceKind, object: T, subresource?: string): Promise<T> {
    return this.#json<T>(
      'update',
      kind,
      this.path(kind, object.metadata.namespace, object.metadata.name, subresource),
      {
        method: 'PUT',
        body: { apiVersion: apiVersionOf(kind), kind: kind.kind, ...object }
      }
    )
  }

  /** Server-side apply: the fields given become ours, under `fieldManager`; an apply that changes nothing keeps the resource version. */
  apply<T extends KubeObject>(
    kind: ResourceKind,
    object: KubeObject,
    fieldManager: string,
    subresource?: string
  ): Promise<T> {
    return this.#json<T>('apply', kind, this.path(kind, object.metadata.namespace, object.metadata.name, subresource), {
      method: 'PATCH',
      contentType: 'application/apply-patch+yaml',
      query: { fieldManager, force: true },
      body: { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind }
    })
  }

  /** JSON merge patch (RFC 7396), for the few writes that are not an apply: finalizers, annotations, `/scale`. */
  patch<T extends KubeObject>(
    kind: ResourceKind,
    namespace: string | undefined,
    name: string,
    body: unknown,
    subresource?: string
  ): Promise<T> {
    return this.#json<T>('patch', kind, this.path(kind, namespace, name, subresource), {
      method: 'PATCH',
      contentType: 'application/merge-patch+json',
      body
    })
  }

  async delete(
    kind: ResourceKind,
    namespace: string | undefined,
    name: string,
    options: { propagation?: 'Background' | 'Foreground' | 'Orphan'; uid?: string } = {}
  ): Promise<void> {
    await this.#json('delete', kind, this.path(kind, namespace, name), {
      method: 'DELETE',
      body: {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: options.propagation ?? 'Background',
        ...(options.uid === undefined ? {} : { preconditions: { uid: options.uid } })
      }
    })
  }
}

async function apiErrorOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '')
  let status: { reason?: string; message?: string } = {}
  try {
    status = JSON.parse(text) as typeof status
  } catch {
    // A proxy in between answers in its own words.
  }
  const retryAfter = Number(response.headers.get('retry-after'))
  return new ApiError(
    response.status,
    status.reason ?? String(response.status),
    status.message ?? (text.slice(0, 300) || `HTTP ${response.status}`),
    Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter * 1000 : undefined
  )
}
