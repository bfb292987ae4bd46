import type { Dashboard } from '../grafana.ts'
import { rateOf } from '../queries.ts'

const upstream = 'envoy_cluster_name=~"$upstream"'

export const gateway: Dashboard = {
  name: 'gateway',
  title: 'Gateway',
  doc: 'Envoy: requests by service and class, times, refusals at the edge, circuit breakers.',
  variables: [
    { name: 'upstream', label: 'Service', query: 'label_values(envoy_cluster_upstream_rq_total, envoy_cluster_name)' }
  ],
  rows: [
    {
      title: 'Requests',
      panels: [
        {
          title: 'Requests a second',
          doc: 'By the service they went to.',
          kind: 'time',
          unit: 'reqps',
          queries: [
            {
              expr: rateOf(`envoy_cluster_upstream_rq_total{${upstream}}`, ['envoy_cluster_name']),
              legend: '{{envoy_cluster_name}}'
            }
          ]
        },
        {
          title: 'Answers by class',
          doc: '2 is well, 4 is a refusal, 5 is our fault.',
          kind: 'time',
          unit: 'reqps',
          queries: [
            {
              expr: rateOf('envoy_http_downstream_rq_xx', ['envoy_response_code_class']),
              legend: '{{envoy_response_code_class}}xx'
            }
          ]
        },
        {
          title: 'Time behind the gateway, p99',
          doc: 'By service. WebSockets and streams last as long as their reader stays and are not in it.',
          kind: 'time',
          unit: 's',
          queries: [
            {
              expr: `histogram_quantile(0.99, sum by (le, envoy_cluster_name) (rate(envoy_cluster_upstream_rq_time_bucket{${upstream}}[$__rate_interval]))) / 1000`,
              legend: '{{envoy_cluster_name}}'
            }
          ]
        },
        {
          title: 'Connections',
          doc: 'From browsers and clients.',
          kind: 'time',
          unit: 'none',
          queries: [
            { expr: 'sum(envoy_http_downstream_cx_active)', legend: 'open' },
            { expr: 'sum(envoy_http_downstream_cx_upgrades_active)', legend: 'WebSockets' }
          ]
        }
      ]
    },
    {
      title: 'At the edge',
      panels: [
        {
          title: 'Tokens',
          doc: 'Let through and denied by signature, issuer, audience and time.',
          kind: 'time',
          unit: 'reqps',
          queries: [
            { expr: rateOf('envoy_http_jwt_authn_allowed'), legend: 'allowed' },
            { expr: rateOf('envoy_http_jwt_authn_denied'), legend: 'denied' }
          ]
        },
        {
          title: 'Retries a second',
          doc: 'Only of what may be repeated.',
          kind: 'time',
          unit: 'reqps',
          queries: [
            {
              expr: rateOf(`envoy_cluster_upstream_rq_retry{${upstream}}`, ['envoy_cluster_name']),
              legend: '{{envoy_cluster_name}}'
            }
          ]
        },
        {
          title: 'Open circuit breakers',
          doc: 'A service has more requests waiting than it may.',
          kind: 'time',
          unit: 'none',
          alarmFrom: 1,
          queries: [
            {
              expr: `sum by (envoy_cluster_name) (envoy_cluster_circuit_breakers_default_rq_open{${upstream}})`,
              legend: '{{envoy_cluster_name}}'
            }
          ]
        },
        {
          title: 'Healthy endpoints',
          doc: 'Of those that the service’s name resolves to.',
          kind: 'time',
          unit: 'none',
          queries: [
            {
              expr: `sum by (envoy_cluster_name) (envoy_cluster_membership_healthy{${upstream}})`,
              legend: '{{envoy_cluster_name}}'
            }
          ]
        }
      ]
    }
  ]
}
