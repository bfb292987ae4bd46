/** Any protobuf message of Envoy's in its JSON form. Envoy itself is the type checker: `--mode validate` in the tests. */
export type Message = Record<string, unknown>

export type Endpoint = { host: string; port: number }

/** Where a service listens: known endpoints, or a DNS name whose every address is an endpoint (a headless Service). */
export type ServiceAddress = readonly Endpoint[] | { dns: string; port: number }

/** A bucket: `burst` requests at once, refilled by `perSecond`. */
export type RateLimit = { perSecond: number; burst: number }

export type RateLimits = {
  /** Each client address, before its token is looked at, so that forged tokens cost little. */
  perAddress: RateLimit
  /** Each signed-in user, by the token's subject. */
  perUser: RateLimit
  /** Each client address at the operations that take a password. */
  passwordsPerAddress: RateLimit
}

export type GatewayOptions = {
  /** Chooses defaults: on one machine every client has the same address, in a cluster each has its own. */
  mode: 'standalone' | 'cluster'
  listen: { address: string; port: number }
  /** Envoy's own console: it can stop the process and shows everything, so it belongs on loopback. */
  admin: { address: string; port: number }
  /** A second listener with `/metrics` and `/ready` alone, for a scraper and a probe that may not reach the console. */
  monitoring?: { address: string; port: number }
  /** By service name. In a cluster a service without an entry is `<name>:8080`. */
  services: Readonly<Record<string, ServiceAddress>>
  jwks: {
    issuer: string
    audience: string
    /** How long a fetched key set is used. Must be shorter than the time between publishing a key and signing with it. */
    cacheMs?: number
    /** The service that publishes the keys. */
    service?: string
  }
  /** `off` where a measurement must not be limited. */
  rateLimits?: RateLimits | 'off'
  limits?: Partial<Limits>
  /** Browser origins other than the gateway's own that may read the answers. Exact, as the browser sends them. */
  origins?: readonly string[]
  tls?: { certificateFile: string; privateKeyFile: string }
  /** Proxies in front of this one whose `x-forwarded-for` entry is to be believed. */
  trustedProxies?: number
  accessLog?: 'all' | 'errors' | 'off'
  /** Spans go here over OTLP/HTTP. Without it `traceparent` is still made, so that logs share a trace id. */
  tracing?: Endpoint & { samplingPercent: number }
}

export type Limits = {
  bodyBytes: number
  headersKilobytes: number
  headersCount: number
  connections: number
  /** From the first byte of a request until its last: a body that trickles ends with 408. With `answerTimeoutMs` it bounds the whole. */
  requestTimeoutMs: number
  /** The same for an operation that takes a file. */
  uploadTimeoutMs: number
  headersTimeoutMs: number
  /** A connection without requests. */
  idleTimeoutMs: number
  /** A WebSocket without a frame in either direction; services send a ping more often than this. */
  webSocketIdleTimeoutMs: number
  /** An answer of a service, all tries together. */
  answerTimeoutMs: number
  /** One try where there may be another. */
  tryTimeoutMs: number
  /** Connections and requests to one service, as a circuit breaker. A WebSocket is one of each as long as it lasts. */
  connectionsPerService: number
  requestsPerService: number
  drainTimeoutMs: number
}

export const defaultLimits: Limits = {
  bodyBytes: 64 * 1024,
  headersKilobytes: 24,
  headersCount: 64,
  connections: 50_000,
  requestTimeoutMs: 10_000,
  uploadTimeoutMs: 60_000,
  headersTimeoutMs: 5_000,
  idleTimeoutMs: 60_000,
  webSocketIdleTimeoutMs: 120_000,
  answerTimeoutMs: 15_000,
  tryTimeoutMs: 6_000,
  connectionsPerService: 16_384,
  requestsPerService: 16_384,
  drainTimeoutMs: 5_000
}

const clusterRateLimits: RateLimits = {
  perAddress: { perSecond: 200, burst: 400 },
  perUser: { perSecond: 50, burst: 100 },
  passwordsPerAddress: { perSecond: 1, burst: 20 }
}

/** On one machine the demo, a replay and a page in a browser all come from 127.0.0.1. */
const standaloneRateLimits: RateLimits = {
  perAddress: { perSecond: 20_000, burst: 40_000 },
  perUser: { perSecond: 500, burst: 1_000 },
  passwordsPerAddress: { perSecond: 500, burst: 2_000 }
}

export type Settings = Omit<GatewayOptions, 'limits' | 'rateLimits' | 'origins' | 'accessLog'> & {
  limits: Limits
  rateLimits: RateLimits | 'off'
  origins: readonly string[]
  accessLog: 'all' | 'errors' | 'off'
  jwks: Required<GatewayOptions['jwks']>
}

export function settingsOf(options: GatewayOptions): Settings {
  const standalone = options.mode === 'standalone'
  return {
    ...options,
    limits: { ...defaultLimits, ...options.limits },
    rateLimits: options.rateLimits ?? (standalone ? standaloneRateLimits : clusterRateLimits),
    origins: options.origins ?? [],
    accessLog: options.accessLog ?? 'all',
    jwks: { cacheMs: 30_000, service: 'identity', ...options.jwks }
  }
}

/** Protobuf's duration in JSON. */
export const duration = (ms: number): string => `${ms / 1000}s`

/** An extension's configuration, which names its own type. */
export const typed = (type: string, fields: Message = {}): Message => ({
  '@type': `type.googleapis.com/${type}`,
  ...fields
})

export const percent = (numerator: number): Message => ({ default_value: { numerator, denominator: 'HUNDRED' } })

export const socketAddress = (address: string, port: number): Message => ({
  socket_address: { address, port_value: port }
})
