import type { ServiceDefinition } from '@gavel/contracts/services.ts'
import { httpFilters } from './filters.ts'
import { clientHeadersRemoved } from './headers.ts'
import type { Message, Settings } from './options.ts'
import { duration, socketAddress, typed } from './options.ts'
import { localReplies } from './replies.ts'
import { routeConfiguration } from './routes.ts'
import { accessLog, tracing } from './telemetry.ts'

function connectionManager(settings: Settings, definitions: readonly ServiceDefinition[]): Message {
  const { limits } = settings
  return typed('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: 'edge',
    codec_type: 'AUTO',
    // Who calls: the peer, or what our own proxies in front say of it.
    use_remote_address: true,
    xff_num_trusted_hops: settings.trustedProxies ?? 0,
    // Nobody is internal, whatever network the platform runs in: an empty list would mean all private addresses.
    internal_address_config: { cidr_ranges: [{ address_prefix: '255.255.255.255', prefix_len: 32 }] },
    server_header_transformation: 'PASS_THROUGH',
    always_set_request_id_in_response: true,
    early_header_mutation_extensions: clientHeadersRemoved(),
    // One spelling for each path: what was matched is what the service sees.
    normalize_path: true,
    merge_slashes: true,
    path_with_escaped_slashes_action: 'REJECT_REQUEST',
    max_request_headers_kb: limits.headersKilobytes,
    common_http_protocol_options: {
      max_headers_count: limits.headersCount,
      idle_timeout: duration(limits.idleTimeoutMs),
      headers_with_underscores_action: 'REJECT_REQUEST'
    },
    http2_protocol_options: {
      max_concurrent_streams: 100,
      initial_stream_window_size: 65_536,
      initial_connection_window_size: 1_048_576,
      allow_connect: true
    },
    // One bound for all routes, so that of the longest; the others have a shorter one of their own.
    request_timeout: duration(Math.max(limits.requestTimeoutMs, limits.uploadTimeoutMs)),
    request_headers_timeout: duration(limits.headersTimeoutMs),
    stream_idle_timeout: duration(limits.idleTimeoutMs),
    drain_timeout: duration(limits.drainTimeoutMs),
    upgrade_configs: [{ upgrade_type: 'websocket', enabled: false }],
    access_log: accessLog(settings),
    tracing: tracing(settings),
    local_reply_config: localReplies(),
    route_config: routeConfiguration(settings, definitions),
    http_filters: httpFilters(settings)
  })
}

function transport({ tls }: Settings): Message {
  if (!tls) return {}
  const certificate = {
    certificate_chain: { filename: tls.certificateFile },
    private_key: { filename: tls.privateKeyFile }
  }
  return {
    transport_socket: {
      name: 'envoy.transport_sockets.tls',
      typed_config: typed('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', {
        common_tls_context: {
          tls_certificates: [certificate],
          tls_params: { tls_minimum_protocol_version: 'TLSv1_2' },
          alpn_protocols: ['h2', 'http/1.1']
        }
      })
    }
  }
}

export function edgeListener(settings: Settings, definitions: readonly ServiceDefinition[]): Message {
  const { listen } = settings
  return {
    name: 'edge',
    address: socketAddress(listen.address, listen.port),
    per_connection_buffer_limit_bytes: 256 * 1024,
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: connectionManager(settings, definitions)
          }
        ],
        ...transport(settings)
      }
    ]
  }
}
