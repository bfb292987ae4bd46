import { tracingCluster } from './clusters.ts'
import type { Message, Settings } from './options.ts'
import { typed } from './options.ts'

/** The path without its query, and no header that may hold a token. */
const line: Message = {
  time: '%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%',
  service: 'gateway',
  method: '%REQ(:METHOD)%',
  path: '%PATH(NQ)%',
  operation: '%ROUTE_NAME%',
  status: '%RESPONSE_CODE%',
  flags: '%RESPONSE_FLAGS%',
  details: '%RESPONSE_CODE_DETAILS%',
  duration_ms: '%DURATION%',
  bytes_in: '%BYTES_RECEIVED%',
  bytes_out: '%BYTES_SENT%',
  attempts: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%',
  upstream: '%UPSTREAM_HOST%',
  user: '%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:token:sub)%',
  address: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%',
  request_id: '%REQ(X-REQUEST-ID)%',
  trace_id: '%TRACE_ID%'
}

export function accessLog({ accessLog: kind }: Settings): Message[] {
  if (kind === 'off') return []
  const errorsOnly = {
    status_code_filter: { comparison: { op: 'GE', value: { default_value: 400, runtime_key: 'gavel.log_from' } } }
  }
  return [
    {
      name: 'envoy.access_loggers.stdout',
      ...(kind === 'errors' && { filter: errorsOnly }),
      typed_config: typed('envoy.extensions.access_loggers.stream.v3.StdoutAccessLog', {
        log_format: { json_format: line, omit_empty_values: true }
      })
    }
  ]
}

/**
 * A `traceparent` for every request, taken over from the client or made here. Envoy makes one only with an exporter;
 * where no collector is named, nothing is sampled and the exporter’s cluster has no endpoint. Whether a trace that came along is
 * sampled its beginner has said; of those that begin here, so many of a hundred are.
 */
export function tracing({ tracing: collector }: Settings): Message {
  const authority = collector ? `${collector.host}:${collector.port}` : tracingCluster
  const exporter = {
    http_service: { http_uri: { uri: `http://${authority}/v1/traces`, cluster: tracingCluster, timeout: '2s' } }
  }
  return {
    random_sampling: { value: collector?.samplingPercent ?? 0 },
    max_path_tag_length: 128,
    custom_tags: [{ tag: 'http.request.method', request_header: { name: ':method' } }],
    provider: {
      name: 'envoy.tracers.opentelemetry',
      typed_config: typed('envoy.config.trace.v3.OpenTelemetryConfig', { service_name: 'gateway', ...exporter })
    }
  }
}

/** A listener for a scraper and a probe: the console’s figures and readiness, and none of its levers. */
export function monitoringListener({ monitoring }: Settings): Message[] {
  if (!monitoring) return []
  const forward = (path: string, admin: string): Message => ({
    match: { path },
    route: { cluster: 'admin', prefix_rewrite: admin, timeout: '5s' }
  })
  const manager = typed('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: 'monitoring',
    route_config: {
      virtual_hosts: [
        {
          name: 'monitoring',
          domains: ['*'],
          routes: [forward('/metrics', '/stats/prometheus?usedonly'), forward('/ready', '/ready')]
        }
      ]
    },
    http_filters: [
      { name: 'envoy.filters.http.router', typed_config: typed('envoy.extensions.filters.http.router.v3.Router') }
    ]
  })
  return [
    {
      name: 'monitoring',
      address: { socket_address: { address: monitoring.address, port_value: monitoring.port } },
      filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] }]
    }
  ]
}
