import type { Message, Settings } from './options.ts'
import { typed } from './options.ts'
import { header } from './replies.ts'

const ifAbsent = (key: string, value: string): Message => header(key, value, 'ADD_IF_ABSENT')

/** Scripts, styles and connections of our own origin only. A page that needs more says so itself, and its word counts. */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'"
].join('; ')

const answerPolicy = "default-src 'none'; frame-ancestors 'none'"

export const pageHeaders = (): Message[] => [ifAbsent('content-security-policy', pagePolicy)]

export const answerHeaders = (): Message[] => [
  ifAbsent('content-security-policy', answerPolicy),
  ifAbsent('cache-control', 'no-store')
]

export const commonHeaders = ({ tls }: Settings): Message[] => [
  ifAbsent('x-content-type-options', 'nosniff'),
  ifAbsent('x-frame-options', 'DENY'),
  ifAbsent('referrer-policy', 'no-referrer'),
  ifAbsent('cross-origin-opener-policy', 'same-origin'),
  ifAbsent('permissions-policy', 'camera=(), microphone=(), geolocation=()'),
  ...(tls ? [ifAbsent('strict-transport-security', 'max-age=31536000')] : [])
]

/** No cookies are used, so credentials are never allowed: a token is sent by the page that holds it. */
export function corsPolicy({ origins }: Settings): Message {
  return {
    'envoy.filters.http.cors': typed('envoy.extensions.filters.http.cors.v3.CorsPolicy', {
      allow_origin_string_match: origins.map((exact) => ({ exact })),
      allow_methods: 'GET, POST, PUT, PATCH, DELETE',
      allow_headers: 'authorization, content-type, traceparent',
      expose_headers: 'location, retry-after, x-request-id',
      max_age: '600',
      forward_not_matching_preflights: false
    })
  }
}

/** Headers that only the platform may write: a client that sends them is not believed. */
export const clientHeadersRemoved = (): Message[] => [
  {
    name: 'envoy.http.early_header_mutation.header_mutation',
    typed_config: typed('envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation', {
      mutations: ['x-gavel-', 'x-envoy-'].map((prefix) => ({ remove_on_match: { key_matcher: { prefix } } }))
    })
  }
]
