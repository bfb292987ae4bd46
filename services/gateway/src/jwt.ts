import { readKeySet } from '@gavel/contracts/api/identity.ts'
import { bearerProtocolPrefix } from '@gavel/contracts/api/web-socket.ts'
import type { Role } from '@gavel/contracts/define.ts'
import type { Message, Settings } from './options.ts'
import { duration, typed } from './options.ts'

const filterName = 'envoy.filters.http.jwt_authn'
const provider = 'gavel'
const required = 'token-required'
const optional = 'token-optional'

/**
 * The token is checked here so that forged ones end at the edge, and passed on: each service checks it again and reads
 * the role itself. Verified tokens are kept, because one Ed25519 verification costs more than the rest of the request.
 */
export function jwtFilter({ jwks, limits }: Settings): Message {
  return {
    name: filterName,
    typed_config: typed('envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication', {
      providers: {
        [provider]: {
          issuer: jwks.issuer,
          audiences: [jwks.audience],
          require_expiration: true,
          clock_skew_seconds: 1,
          forward: true,
          payload_in_metadata: 'token',
          jwt_cache_config: { jwt_cache_size: 20_000 },
          // Named, so that `?access_token=` is not a place for tokens: addresses end up in logs.
          from_headers: [
            { name: 'authorization', value_prefix: 'Bearer ' },
            { name: 'sec-websocket-protocol', value_prefix: bearerProtocolPrefix }
          ],
          remote_jwks: {
            http_uri: {
              uri: `http://${jwks.service}${readKeySet.path}`,
              cluster: jwks.service,
              timeout: duration(Math.min(2_000, limits.answerTimeoutMs))
            },
            cache_duration: duration(jwks.cacheMs),
            async_fetch: { fast_listener: false, failed_refetch_duration: '0.5s' }
          }
        }
      },
      requirement_map: {
        [required]: { provider_name: provider },
        // No token is fine, a bad one is not.
        [optional]: { requires_any: { requirements: [{ provider_name: provider }, { allow_missing: {} }] } }
      },
      bypass_cors_preflight: true,
      strip_failure_response: true
    })
  }
}

const perRoute = (fields: Message): Message => ({
  [filterName]: typed('envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig', fields)
})

export const tokenFor = (role: Role): Message => perRoute({ requirement_name: role === 'public' ? optional : required })
export const tokenOptional = (): Message => perRoute({ requirement_name: optional })
export const tokenIgnored = (): Message => perRoute({ disabled: true })
