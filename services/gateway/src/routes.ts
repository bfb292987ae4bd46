import type { Operation } from '@gavel/contracts/define.ts'
import type { ServiceDefinition } from '@gavel/contracts/services.ts'
import { answerHeaders, commonHeaders, corsPolicy, pageHeaders } from './headers.ts'
import { tokenFor, tokenIgnored, tokenOptional } from './jwt.ts'
import { passwordLimit } from './limits.ts'
import type { Message, Settings } from './options.ts'
import { duration, typed } from './options.ts'
import { header } from './replies.ts'
import { retries } from './retries.ts'

const noBuffer: Message = {
  'envoy.filters.http.buffer': typed('envoy.extensions.filters.http.buffer.v3.BufferPerRoute', { disabled: true })
}
const noCompression: Message = {
  'gavel.brotli': typed('envoy.extensions.filters.http.compressor.v3.CompressorPerRoute', { disabled: true }),
  'gavel.gzip': typed('envoy.extensions.filters.http.compressor.v3.CompressorPerRoute', { disabled: true })
}

/** A request and its answer, where the request is no file. */
const wholeWithin = ({ limits }: Settings): Message => ({
  max_stream_duration: { max_stream_duration: duration(limits.requestTimeoutMs + limits.answerTimeoutMs) }
})

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** `/api/auctions/:auctionId` as a match of whole paths; a parameter is one segment, and what it may hold the service says. */
export function pathMatch(path: string): Message {
  if (!path.includes(':')) return { path }
  const regex = path
    .split('/')
    .map((segment) => (segment.startsWith(':') ? '[^/]+' : escaped(segment)))
    .join('/')
  return { safe_regex: { regex } }
}

/** One auction’s bids meet in one process, over HTTP and over WebSocket: both take the id from the path. */
const hashByAuction: Message = {
  header: {
    header_name: ':path',
    regex_rewrite: { pattern: { regex: '^/(api|ws)/auctions/([^/?]+).*$' }, substitution: '\\2' }
  }
}

const namesAuction = (path: string): boolean => /^\/(api|ws)\/auctions\/./.test(path)

const target = (service: ServiceDefinition, path: string): Message => ({
  cluster: service.name,
  ...(service.affinity === 'auction' && namesAuction(path) && { hash_policy: [hashByAuction] })
})

/** Of few values, as a span's name must be; and for our eyes alone. */
const spanName = (operation: string): Message => ({ decorator: { operation, propagate: false } })

const takesPassword = ({ role, body }: Operation): boolean =>
  role === 'public' && 'password' in ((body as { properties?: object } | undefined)?.properties ?? {})

/** A stream lasts as long as its reader stays; its heartbeats keep it from being idle. Once it has begun, only its reader begins it again. */
const streamRoute = ({ limits }: Settings): Message => ({
  timeout: '0s',
  idle_timeout: duration(limits.webSocketIdleTimeoutMs),
  retry_policy: { retry_on: 'connect-failure,refused-stream,reset', num_retries: 2 }
})

function operationRoute(settings: Settings, service: ServiceDefinition, operation: Operation): Message {
  return {
    name: operation.id,
    stat_prefix: operation.id,
    match: { ...pathMatch(operation.path), headers: [{ name: ':method', string_match: { exact: operation.method } }] },
    ...spanName(`${operation.method} ${operation.path}`),
    route: {
      ...target(service, operation.path),
      ...(operation.stream
        ? streamRoute(settings)
        : { timeout: duration(settings.limits.answerTimeoutMs), retry_policy: retries(settings, operation) }),
      ...(!operation.stream && !operation.upload && wholeWithin(settings))
    },
    typed_per_filter_config: {
      ...tokenFor(operation.role),
      ...(takesPassword(operation) && passwordLimit(settings)),
      // A file goes through as it comes: the service reads it row by row.
      ...(operation.upload && noBuffer),
      // A compressor holds a stream's events back until it has enough of them.
      ...((operation.method !== 'GET' || operation.stream) && noCompression)
    },
    response_headers_to_add: answerHeaders()
  }
}

/** A known address with a method nobody implements. */
function otherMethods(path: string, operations: readonly Operation[]): Message {
  const methods = operations.map(({ method }) => method).join(', ')
  return {
    name: `other-methods ${path}`,
    match: pathMatch(path),
    direct_response: { status: 405 },
    typed_per_filter_config: tokenIgnored(),
    response_headers_to_add: [header('allow', methods), ...answerHeaders()]
  }
}

/**
 * The CORS filter answers every preflight itself, but only on a route to some cluster: the one named here is never asked.
 */
function preflights({ origins }: Settings, definitions: readonly ServiceDefinition[]): Message[] {
  const [anyService] = definitions
  if (origins.length === 0 || !anyService) return []
  const headers = [
    { name: ':method', string_match: { exact: 'OPTIONS' } },
    { name: 'origin', present_match: true },
    { name: 'access-control-request-method', present_match: true }
  ]
  return [{ name: 'preflight', match: { prefix: '/api/', headers }, route: { cluster: anyService.name } }]
}

function webSocketRoute({ limits }: Settings, service: ServiceDefinition, prefix: string): Message {
  // A prefix that ends in a slash is followed by one segment, the auction; any other is the whole path.
  const match = prefix.endsWith('/') ? { safe_regex: { regex: `${escaped(prefix)}[^/]+` } } : { path: prefix }
  return {
    name: `web-socket ${prefix}`,
    stat_prefix: `web_socket_${service.name}`,
    match: { ...match, headers: [{ name: 'upgrade', string_match: { exact: 'websocket', ignore_case: true } }] },
    ...spanName(`GET ${prefix}`),
    route: {
      ...target(service, `${prefix}x`),
      timeout: '0s',
      idle_timeout: duration(limits.webSocketIdleTimeoutMs),
      retry_policy: { retry_on: 'connect-failure,refused-stream', num_retries: 2 },
      upgrade_configs: [{ upgrade_type: 'websocket' }]
    },
    // Which streams need a token the service says; a token that is there must be good.
    typed_per_filter_config: { ...tokenOptional(), ...noBuffer, ...noCompression }
  }
}

/** `/` is that page alone, `/assets/` what begins so, `/docs` itself and what is below it. */
function pageMatch(page: string): Message {
  if (page === '/') return { path: page }
  return page.endsWith('/') ? { prefix: page } : { path_separated_prefix: page }
}

function pageRoutes(settings: Settings, service: ServiceDefinition, page: string): Message[] {
  const reading = { name: ':method', string_match: { safe_regex: { regex: 'GET|HEAD' } } }
  const common = { typed_per_filter_config: tokenIgnored(), response_headers_to_add: pageHeaders() }
  return [
    {
      name: `page ${page}`,
      stat_prefix: 'pages',
      match: { ...pageMatch(page), headers: [reading] },
      route: {
        cluster: service.name,
        timeout: duration(settings.limits.answerTimeoutMs),
        retry_policy: { retry_on: 'connect-failure,refused-stream,reset', num_retries: 2 },
        ...wholeWithin(settings)
      },
      ...common
    },
    {
      name: `other-methods ${page}`,
      match: pageMatch(page),
      direct_response: { status: 405 },
      ...common,
      response_headers_to_add: [header('allow', 'GET, HEAD'), ...answerHeaders()]
    }
  ]
}

const byPath = (operations: readonly Operation[]): Map<string, Operation[]> =>
  Map.groupBy(operations, ({ path }) => path)

/** Paths without parameters first: `/api/products/new` must not be taken for a product. */
const exactFirst = (a: string, b: string): number => Number(a.includes(':')) - Number(b.includes(':'))

function apiRoutes(settings: Settings, definitions: readonly ServiceDefinition[]): Message[] {
  const all = definitions.flatMap((service) =>
    [...byPath(service.operations)].map(([path, operations]) => ({ service, path, operations }))
  )
  return all
    .toSorted((a, b) => exactFirst(a.path, b.path))
    .flatMap(({ service, path, operations }) => [
      ...operations.map((operation) => operationRoute(settings, service, operation)),
      otherMethods(path, operations)
    ])
}

/** Only what the list of services names is routed; everything else is not there. */
export function routeConfiguration(settings: Settings, definitions: readonly ServiceDefinition[]): Message {
  const nowhere: Message = {
    name: 'nowhere',
    match: { prefix: '/' },
    direct_response: { status: 404 },
    typed_per_filter_config: tokenIgnored(),
    response_headers_to_add: answerHeaders()
  }
  return {
    name: 'gavel',
    virtual_hosts: [
      {
        name: 'gavel',
        domains: ['*'],
        routes: [
          ...preflights(settings, definitions),
          ...definitions.flatMap((service) =>
            service.webSockets.map((prefix) => webSocketRoute(settings, service, prefix))
          ),
          ...apiRoutes(settings, definitions),
          ...definitions.flatMap((service) =>
            (service.pages ?? []).flatMap((page) => pageRoutes(settings, service, page))
          ),
          nowhere
        ],
        response_headers_to_add: commonHeaders(settings),
        response_headers_to_remove: ['server', 'x-powered-by'],
        ...(settings.origins.length > 0 && { typed_per_filter_config: corsPolicy(settings) })
      }
    ]
  }
}
