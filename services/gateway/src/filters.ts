import { addressLimit, userLimit } from './limits.ts'
import { jwtFilter } from './jwt.ts'
import type { Message, Settings } from './options.ts'
import { typed } from './options.ts'

function compressor(name: 'brotli' | 'gzip'): Message {
  const library = {
    brotli: typed('envoy.extensions.compression.brotli.compressor.v3.Brotli', { quality: 4 }),
    gzip: typed('envoy.extensions.compression.gzip.compressor.v3.Gzip', { compression_level: 'COMPRESSION_LEVEL_4' })
  }
  return {
    name: `gavel.${name}`,
    typed_config: typed('envoy.extensions.filters.http.compressor.v3.Compressor', {
      response_direction_config: { common_config: { min_content_length: 1024 } },
      compressor_library: { name, typed_config: library[name] },
      choose_first: name === 'brotli'
    })
  }
}

/**
 * In the order a request meets them. The address is limited before the token is verified, the user after; only then is
 * a body taken in, whole, so that a slow or large one costs no service anything.
 */
export function httpFilters(settings: Settings): Message[] {
  return [
    { name: 'envoy.filters.http.cors', typed_config: typed('envoy.extensions.filters.http.cors.v3.Cors') },
    ...addressLimit(settings),
    jwtFilter(settings),
    ...userLimit(settings),
    compressor('gzip'),
    compressor('brotli'),
    {
      name: 'envoy.filters.http.buffer',
      typed_config: typed('envoy.extensions.filters.http.buffer.v3.Buffer', {
        max_request_bytes: settings.limits.bodyBytes
      })
    },
    {
      name: 'envoy.filters.http.router',
      typed_config: typed('envoy.extensions.filters.http.router.v3.Router', { suppress_envoy_headers: true })
    }
  ]
}
