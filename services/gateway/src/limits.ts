import type { Message, RateLimit, Settings } from './options.ts'
import { percent, typed } from './options.ts'
import { header } from './replies.ts'

/** The names under which a route can give its own configuration. */
export const addressLimitFilter = 'gavel.limit-by-address'
export const userLimitFilter = 'gavel.limit-by-user'

/** Buckets kept at once; the one unused longest gives way, so memory has a bound and an idle client loses nothing. */
const bucketsMax = 20_000

const address: Message = { masked_remote_address: { v4_prefix_mask_len: 32, v6_prefix_mask_len: 64 } }

const user: Message = {
  metadata: {
    descriptor_key: 'user',
    metadata_key: { key: 'envoy.filters.http.jwt_authn', path: [{ key: 'token' }, { key: 'sub' }] },
    source: 'DYNAMIC'
  }
}

/** Tokens are added in steps of at least 100 ms, whole tokens at a time. */
function bucket({ perSecond, burst }: RateLimit): Message {
  const stepsPerSecond = Math.min(10, Math.max(1, Math.floor(perSecond)))
  const slow = perSecond < 1
  return {
    max_tokens: burst,
    tokens_per_fill: slow ? 1 : Math.round(perSecond / stepsPerSecond),
    fill_interval: slow ? `${Math.round(1 / perSecond)}s` : `${1 / stepsPerSecond}s`
  }
}

/** A bucket for each value of the descriptor: an entry without a value stands for any. */
function limit(name: string, key: string, action: Message, rate: RateLimit): Message {
  return typed('envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', {
    stat_prefix: name,
    filter_enabled: percent(100),
    filter_enforced: percent(100),
    // Used up only by requests without a descriptor, and those are let through: the other filter counts them.
    token_bucket: {
      max_tokens: 4_000_000_000,
      tokens_per_fill: 4_000_000_000,
      fill_interval: bucket(rate).fill_interval
    },
    always_consume_default_token_bucket: false,
    max_dynamic_descriptors: bucketsMax,
    rate_limits: [{ actions: [action] }],
    descriptors: [{ entries: [{ key }], token_bucket: bucket(rate) }],
    response_headers_to_add: [header('retry-after', String(Math.max(1, Math.ceil(1 / rate.perSecond))))],
    enable_x_ratelimit_headers: 'DRAFT_VERSION_03'
  })
}

export function addressLimit({ rateLimits }: Settings): Message[] {
  if (rateLimits === 'off') return []
  const typed_config = limit('limit_address', 'masked_remote_address', address, rateLimits.perAddress)
  return [{ name: addressLimitFilter, typed_config }]
}

export function userLimit({ rateLimits }: Settings): Message[] {
  if (rateLimits === 'off') return []
  return [{ name: userLimitFilter, typed_config: limit('limit_user', 'user', user, rateLimits.perUser) }]
}

/** Operations that take a password are guessed at: they have buckets of their own. */
export function passwordLimit({ rateLimits }: Settings): Message {
  if (rateLimits === 'off') return {}
  return {
    [addressLimitFilter]: limit('limit_passwords', 'masked_remote_address', address, rateLimits.passwordsPerAddress)
  }
}
