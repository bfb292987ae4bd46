import type { Dashboard } from '../grafana.ts'
import { quantile, rateOf } from '../queries.ts'

const requests = 'http_server_request_duration_seconds'
const of = 'service=~"$platform_service"'

export const services: Dashboard = {
  name: 'services',
  title: 'Services',
  doc: 'Rate, errors and duration of every route, and what each process needs.',
  variables: [{ name: 'platform_service', label: 'Service', query: `label_values(${requests}_count, service)` }],
  rows: [
    {
      title: 'Routes',
      panels: [
        {
          title: 'Requests a second',
          doc: 'By service and route.',
          kind: 'time',
          unit: 'reqps',
          width: 12,
          queries: [
            {
              expr: `topk(15, ${rateOf(`${requests}_count{${of}}`, ['service', 'method', 'route'])})`,
              legend: '{{service}} {{method}} {{route}}'
            }
          ]
        },
        {
          title: 'Failures a second',
          doc: 'Answers of class 5: our fault.',
          kind: 'time',
          unit: 'reqps',
          width: 12,
          queries: [
            {
              expr: `sum by (service, route) (rate(${requests}_count{${of},status=~"5.."}[$__rate_interval])) or vector(0)`,
              legend: '{{service}} {{route}}'
            }
          ]
        },
        {
          title: 'Duration, p99',
          doc: 'By service.',
          kind: 'time',
          unit: 's',
          exemplars: true,
          queries: [{ expr: quantile(0.99, `${requests}{${of}}`, ['service']), legend: '{{service}}' }]
        },
        {
          title: 'The slowest routes, p99',
          doc: 'By service and route.',
          kind: 'time',
          unit: 's',
          exemplars: true,
          queries: [
            {
              expr: `topk(15, ${quantile(0.99, `${requests}{${of}}`, ['service', 'method', 'route'])})`,
              legend: '{{service}} {{method}} {{route}}'
            }
          ]
        },
        {
          title: 'Well or not',
          doc: '1 where the health service holds a service or a consumer group to be well.',
          kind: 'time',
          unit: 'none',
          queries: [{ expr: 'min by (watched) (health_up)', legend: '{{watched}}' }]
        },
        {
          title: 'Sign-ins a second',
          doc: 'By how they ended. Many wrong ones from few addresses is somebody trying.',
          kind: 'time',
          unit: 'ops',
          queries: [{ expr: rateOf('identity_log_ins_total', ['outcome']), legend: '{{outcome}}' }]
        }
      ]
    },
    {
      title: 'Processes',
      panels: [
        {
          title: 'Event loop delay, p99',
          doc: 'Above a tenth of a second everything in the process waits.',
          kind: 'time',
          unit: 's',
          alarmFrom: 0.5,
          queries: [{ expr: `max by (service) (nodejs_eventloop_lag_p99_seconds{${of}})`, legend: '{{service}}' }]
        },
        {
          title: 'Processor',
          doc: 'Cores used, over all processes of the service.',
          kind: 'time',
          unit: 'none',
          queries: [{ expr: rateOf(`process_cpu_seconds_total{${of}}`, ['service']), legend: '{{service}}' }]
        },
        {
          title: 'Memory',
          doc: 'Resident, over all processes of the service.',
          kind: 'time',
          unit: 'bytes',
          queries: [{ expr: `sum by (service) (process_resident_memory_bytes{${of}})`, legend: '{{service}}' }]
        }
      ]
    }
  ]
}
