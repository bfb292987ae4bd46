import { services } from '@gavel/contracts/services.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { envoyConfiguration, envoyYaml, type GatewayOptions } from './envoy.ts'
import { problemDocument } from './replies.ts'
import { errors, type ErrorCode } from '@gavel/contracts/errors.ts'

const options: GatewayOptions = {
  mode: 'standalone',
  listen: { address: '127.0.0.1', port: 8080 },
  admin: { address: '127.0.0.1', port: 9901 },
  services: Object.fromEntries(
    services.map(({ name, portOffset }) => [name, [{ host: '127.0.0.1', port: 18_100 + portOffset }]])
  ),
  jwks: { issuer: 'https://gavel.dev', audience: 'gavel' }
}

// The configuration is plain JSON; the tests look into it without a type for every message of Envoy’s.
// oxlint-disable-next-line typescript/no-explicit-any
type Json = any

const manager = (configuration: Json): Json =>
  configuration.static_resources.listeners[0].filter_chains[0].filters[0].typed_config
const routesOf = (configuration: Json): Json[] => manager(configuration).route_config.virtual_hosts[0].routes
const filterNames = (configuration: Json): string[] => manager(configuration).http_filters.map(({ name }: Json) => name)
const clusterNamed = (configuration: Json, name: string): Json =>
  configuration.static_resources.clusters.find((cluster: Json) => cluster.name === name)

function matchesPath(match: Json, path: string): boolean {
  if (match.path !== undefined) return match.path === path
  if (match.safe_regex) return new RegExp(`^(?:${match.safe_regex.regex})$`).test(path)
  if (match.path_separated_prefix)
    return path === match.path_separated_prefix || path.startsWith(`${match.path_separated_prefix}/`)
  return path.startsWith(match.prefix)
}

function matchesHeaders(match: Json, headers: Record<string, string>): boolean {
  return (match.headers ?? []).every(({ name, string_match, present_match }: Json) => {
    const value = headers[name]
    if (present_match) return value !== undefined
    if (string_match.safe_regex) return new RegExp(`^(?:${string_match.safe_regex.regex})$`).test(value ?? '')
    return value === string_match.exact
  })
}

/** The route Envoy would take: the first that matches. */
const routeFor = (routes: Json[], method: string, path: string, headers: Record<string, string> = {}): Json =>
  routes.find(({ match }) => matchesPath(match, path) && matchesHeaders(match, { ':method': method, ...headers }))

const byText = (a: string, b: string): number => a.localeCompare(b)
const operations = services.flatMap((service) => service.operations.map((operation) => ({ service, operation })))
const routes = routesOf(envoyConfiguration(options))
const jwtOf = (route: Json): Json => route.typed_per_filter_config['envoy.filters.http.jwt_authn']
const filled = (path: string): string => path.replaceAll(/:(\w+)/g, 'some-id')

describe('routes', () => {
  test.each(operations.map((entry) => [entry.operation.id, entry] as const))(
    '%s has one route, to its service, with its requirement',
    (id, { service, operation }) => {
      expect(routes.filter(({ name }) => name === id)).toHaveLength(1)
      const route = routeFor(routes, operation.method, filled(operation.path))
      expect(route.name).toBe(id)
      expect(route.route.cluster).toBe(service.name)
      expect(jwtOf(route).requirement_name).toBe(operation.role === 'public' ? 'token-optional' : 'token-required')
    }
  )

  test('a stream lasts as long as its reader: no time-out for the whole or for a try, nothing held back by a compressor', () => {
    const streams = operations.filter(({ operation }) => operation.stream)
    expect(streams.map(({ operation }) => operation.id)).toContain('streamEvents')
    for (const { operation } of streams) {
      const { route, typed_per_filter_config } = routeFor(routes, operation.method, filled(operation.path))
      expect(route.timeout).toBe('0s')
      expect(route.idle_timeout).toBe('120s')
      expect(route.retry_policy).not.toHaveProperty('per_try_timeout')
      expect(typed_per_filter_config['gavel.gzip'].disabled).toBe(true)
      expect(typed_per_filter_config['gavel.brotli'].disabled).toBe(true)
    }
    expect(routeFor(routes, 'GET', '/api/events').route.timeout).toBe('15s')
  })

  test('a file goes through as it comes and has more time; nothing else does', () => {
    const uploads = operations.filter(({ operation }) => operation.upload)
    expect(uploads.map(({ operation }) => operation.id)).toEqual(['importItems'])
    for (const { operation } of operations.filter((each) => !each.operation.stream)) {
      const { route, typed_per_filter_config } = routeFor(routes, operation.method, filled(operation.path))
      const isUpload = operation.upload !== undefined
      expect(route.max_stream_duration?.max_stream_duration, operation.id).toBe(isUpload ? undefined : '25s')
      expect(typed_per_filter_config['envoy.filters.http.buffer']?.disabled, operation.id).toBe(isUpload || undefined)
    }
    expect(manager(envoyConfiguration(options)).request_timeout).toBe('60s')
  })

  test('whatever is neither an operation nor a page nor a WebSocket is nowhere', () => {
    const known = [
      ...operations.map(({ operation }) => operation.path),
      ...services.flatMap(({ pages, webSockets }) => [...(pages ?? []), ...webSockets])
    ]
    const pages = services.flatMap((service) => service.pages ?? []).filter((page) => page !== '/')
    const segment = fc.constantFrom(
      'api',
      'ws',
      'auctions',
      'bids',
      'auth',
      'login',
      'docs',
      'assets',
      'metrics',
      'livez',
      'some-id',
      '.well-known',
      ''
    )
    const isKnown = (path: string): boolean =>
      known.some((page) => new RegExp(`^${page.replaceAll(/:\w+/g, '[^/]+')}$`).test(path)) ||
      pages.some((page) => path.startsWith(page.endsWith('/') ? page : `${page}/`)) ||
      /^\/ws\/auctions\/[^/]+$/.test(path)
    fc.assert(
      fc.property(
        fc.array(segment, { minLength: 1, maxLength: 5 }),
        fc.constantFrom('GET', 'POST', 'TRACE'),
        (segments, method) => {
          const path = `/${segments.join('/')}`
          fc.pre(!isKnown(path))
          expect(routeFor(routes, method, path).name).toBe('nowhere')
        }
      ),
      { numRuns: 2_000 }
    )
  })

  test('a known address with another method is 405 and never reaches a service', () => {
    for (const path of new Set(operations.map(({ operation }) => operation.path))) {
      const methods = new Set<string>(
        operations.filter(({ operation }) => operation.path === path).map(({ operation }) => operation.method)
      )
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'CONNECT']) {
        const route = routeFor(routes, method, filled(path))
        expect(route.direct_response?.status, `${method} ${path}`).toBe(methods.has(method) ? undefined : 405)
      }
    }
  })

  test('WebSockets are upgraded where the list names them, and nowhere else', () => {
    const upgraded = routes.filter(({ route }) => route?.upgrade_configs)
    expect(upgraded.map(({ route }) => route.cluster).toSorted(byText)).toEqual(
      services.flatMap(({ name, webSockets }) => webSockets.map(() => name)).toSorted(byText)
    )
    expect(routeFor(routes, 'GET', '/ws/live', { upgrade: 'websocket' }).route.timeout).toBe('0s')
    expect(routeFor(routes, 'GET', '/ws/live').name).toBe('nowhere')
  })

  test('what may not be done twice is never repeated once it may have arrived', () => {
    for (const { operation } of operations) {
      const { retry_on } = routeFor(routes, operation.method, filled(operation.path)).route.retry_policy
      const reasons = retry_on
        .split(',')
        .filter((reason: string) => !['connect-failure', 'refused-stream'].includes(reason))
      const repeats = operation.method === 'GET' || operation.idempotent === true
      expect(reasons.includes('reset'), operation.id).toBe(repeats)
      expect(repeats || reasons.length === 0, operation.id).toBe(true)
    }
  })

  test('an auction’s id decides the process, wherever the path has one', () => {
    const hashed = routes.filter(({ route }) => route?.hash_policy).map(({ name }) => name)
    const expected = operations
      .filter(({ operation }) => operation.path.startsWith('/api/auctions/:'))
      .map(({ operation }) => operation.id)
    expect(hashed.toSorted(byText)).toEqual([...expected, 'web-socket /ws/auctions/'].toSorted(byText))
    expect(clusterNamed(envoyConfiguration(options), 'bidding').lb_policy).toBe('RING_HASH')
  })

  test('operations that take a password have a limit of their own', () => {
    const limited = routes
      .filter((route) => route.typed_per_filter_config?.['gavel.limit-by-address'])
      .map(({ name }) => name)
    expect(limited.toSorted(byText)).toEqual(['logIn', 'register', 'resetPassword'])
  })
})

describe('the rest', () => {
  test('the address is limited before the token is verified, the user after', () => {
    const names = filterNames(envoyConfiguration(options))
    const order = [
      'gavel.limit-by-address',
      'envoy.filters.http.jwt_authn',
      'gavel.limit-by-user',
      'envoy.filters.http.buffer',
      'envoy.filters.http.router'
    ]
    expect(names.filter((name) => order.includes(name))).toEqual(order)
  })

  test('ten thousand may watch one service: each has a connection of his own, to both sides', () => {
    const [threshold] = clusterNamed(envoyConfiguration(options), 'notification').circuit_breakers.thresholds
    expect(Math.min(threshold.max_connections, threshold.max_requests)).toBeGreaterThan(10_000)
  })

  test('rate limits can be off', () => {
    const text = envoyYaml({ ...options, rateLimits: 'off' })
    expect(text).not.toContain('local_ratelimit')
  })

  test('a service without an address stops the start by its name; in a cluster it is found by its name', () => {
    const { order: _, ...rest } = options.services
    expect(() => envoyConfiguration({ ...options, services: rest })).toThrow('order')
    const cluster = clusterNamed(envoyConfiguration({ ...options, mode: 'cluster', services: {} }), 'order')
    expect(cluster.cluster_type.name).toBe('envoy.cluster.dns')
    expect(JSON.stringify(cluster.load_assignment)).toContain('{"address":"order","port_value":8080}')
  })

  test('a headless Service is a DNS name, addresses are taken as they are', () => {
    const configuration = envoyConfiguration({
      ...options,
      services: { ...options.services, bidding: { dns: 'bidding-headless', port: 8080 } }
    })
    expect(clusterNamed(configuration, 'bidding').cluster_type.name).toBe('envoy.cluster.dns')
    expect(clusterNamed(configuration, 'order').type).toBe('STATIC')
  })

  test('without origins no other page may read answers', () => {
    expect(JSON.stringify(routes)).not.toContain('allow_origin')
  })

  test('every answer of Envoy’s own has the status of its code', () => {
    for (const { status_code, body_format_override } of manager(envoyConfiguration(options)).local_reply_config
      .mappers) {
      const { code, status } = body_format_override.json_format as { code: ErrorCode; status: number }
      expect([status_code, status]).toEqual([errors[code].status, errors[code].status])
      expect(body_format_override.json_format).toEqual(problemDocument(code))
    }
  })

  test('the same options give the same configuration, and its YAML says the same', () => {
    expect(envoyConfiguration(options)).toEqual(envoyConfiguration(structuredClone(options)))
    expect(parse(envoyYaml(options))).toEqual(JSON.parse(JSON.stringify(envoyConfiguration(options))))
  })
})
