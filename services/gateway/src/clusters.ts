import { isIP } from 'node:net'
import type { ServiceDefinition } from '@gavel/contracts/services.ts'
import type { Endpoint, Message, ServiceAddress, Settings } from './options.ts'
import { duration, socketAddress, typed } from './options.ts'

const endpoint = ({ host, port }: Endpoint): Message => ({ endpoint: { address: socketAddress(host, port) } })

const isList = (address: ServiceAddress): address is readonly Endpoint[] => Array.isArray(address)

function addressOf({ mode, services }: Settings, name: string): ServiceAddress {
  const address = services[name]
  if (address && (!isList(address) || address.length > 0)) return address
  if (mode === 'cluster') return { dns: name, port: 8080 }
  throw new Error(`The gateway was given no address of the service ${name}`)
}

/** Every address of a DNS name is an endpoint of its own, asked for again every two seconds. */
const byName: Message = {
  cluster_type: {
    name: 'envoy.cluster.dns',
    typed_config: typed('envoy.extensions.clusters.dns.v3.DnsCluster', {
      dns_refresh_rate: '2s',
      dns_failure_refresh_rate: { base_interval: '0.5s', max_interval: '2s' }
    })
  }
}

function discovery(name: string, address: ServiceAddress): Message {
  const endpoints = isList(address) ? address : [{ host: address.dns, port: address.port }]
  const known = endpoints.every(({ host }) => isIP(host) !== 0)
  return {
    ...(known ? { type: 'STATIC' } : byName),
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: endpoints.map(endpoint) }] }
  }
}

/** The same ring in every gateway: it follows from the addresses alone. */
const balancing = ({ affinity }: ServiceDefinition): Message =>
  affinity === 'auction'
    ? { lb_policy: 'RING_HASH', ring_hash_lb_config: { minimum_ring_size: '1024', maximum_ring_size: '8192' } }
    : { lb_policy: 'LEAST_REQUEST' }

/** `/livez`, not `/readyz`: bidding answers without Kafka, so a part that is away must not take it out of the ring. */
const liveness: Message = {
  timeout: '1s',
  interval: '2s',
  unhealthy_interval: '1s',
  no_traffic_interval: '2s',
  unhealthy_threshold: 2,
  healthy_threshold: 1,
  always_log_health_check_failures: false,
  http_health_check: { path: '/livez' }
}

/**
 * A process that cannot be reached or answers 502–504 again and again is left out for a while, at most half of them.
 * A 500 is a bug of ours that any process would answer: it does not count.
 */
const outliers: Message = {
  split_external_local_origin_errors: true,
  consecutive_local_origin_failure: 3,
  enforcing_consecutive_local_origin_failure: 100,
  consecutive_gateway_failure: 5,
  enforcing_consecutive_gateway_failure: 100,
  enforcing_consecutive_5xx: 0,
  enforcing_success_rate: 0,
  enforcing_local_origin_success_rate: 0,
  interval: '1s',
  base_ejection_time: '5s',
  max_ejection_time: '60s',
  max_ejection_percent: 50,
  successful_active_health_check_uneject_host: false
}

const answersUnavailable = ({ operations }: ServiceDefinition): boolean =>
  operations.some(({ responses }) => 503 in responses)

function serviceCluster(settings: Settings, service: ServiceDefinition): Message {
  const { limits } = settings
  return {
    name: service.name,
    ...discovery(service.name, addressOf(settings, service.name)),
    ...balancing(service),
    connect_timeout: '0.5s',
    per_connection_buffer_limit_bytes: 1024 * 1024,
    circuit_breakers: {
      thresholds: [
        {
          priority: 'DEFAULT',
          max_connections: limits.connectionsPerService,
          max_pending_requests: limits.requestsPerService,
          max_requests: limits.requestsPerService,
          // Retries are a share of the traffic, so that they cannot bring down what is struggling.
          retry_budget: { budget_percent: { value: 20 }, min_retry_concurrency: 16 },
          track_remaining: true
        }
      ]
    },
    health_checks: [liveness],
    // The platform’s readiness is a 503 by design: it says nothing of the process that answers it.
    ...(!answersUnavailable(service) && { outlier_detection: outliers }),
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': typed(
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        {
          // Below the services’ keep-alive (72 s), so that they never close a connection that is about to be used.
          common_http_protocol_options: { idle_timeout: '30s' },
          explicit_http_config: { http_protocol_options: {} }
        }
      )
    }
  }
}

export const tracingCluster = 'tracing'

export function clusters(settings: Settings, definitions: readonly ServiceDefinition[]): Message[] {
  const { tracing, monitoring, admin } = settings
  const plain = (name: string, at: readonly Endpoint[]): Message => ({
    name,
    ...discovery(name, at),
    connect_timeout: duration(500)
  })
  return [
    ...definitions.map((service) => serviceCluster(settings, service)),
    plain(tracingCluster, tracing ? [tracing] : []),
    ...(monitoring ? [plain('admin', [{ host: admin.address, port: admin.port }])] : [])
  ]
}
