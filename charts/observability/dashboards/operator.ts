import type { Dashboard } from '../grafana.ts'
import { quantile, rateOf } from '../queries.ts'

export const operator: Dashboard = {
  name: 'operator',
  title: 'Operator',
  doc: 'What the operator does and decides: reconciles, scaling and its reasons, requests to the API server.',
  rows: [
    {
      title: 'Scaling decisions',
      panels: [
        {
          title: 'Replicas',
          doc: 'Asked of the target, and what the last decision came to. Apart for long: a rule holds it back, see below.',
          kind: 'time',
          unit: 'none',
          queries: [
            { expr: 'max by (name) (gavel_scaler_current_replicas)', legend: '{{name}} asked' },
            { expr: 'max by (name) (gavel_scaler_desired_replicas)', legend: '{{name}} wished' }
          ]
        },
        {
          title: 'Lag behind a Scaler',
          doc: 'Messages, over all its lag signals.',
          kind: 'time',
          unit: 'none',
          queries: [{ expr: 'max by (name) (gavel_scaler_lag_messages)', legend: '{{name}}' }]
        },
        {
          title: 'Rules that changed a wish',
          doc: 'By rule: caps, windows, steps, budgets, holds.',
          kind: 'time',
          unit: 'ops',
          queries: [{ expr: rateOf('gavel_scaler_clamps_total', ['name', 'clamp']), legend: '{{name}} {{clamp}}' }]
        },
        {
          title: 'Signals that cannot be read',
          doc: 'Missing data never takes a replica away.',
          kind: 'time',
          unit: 'none',
          alarmFrom: 1,
          queries: [{ expr: 'max by (name) (gavel_scaler_signals_missing)', legend: '{{name}}' }]
        }
      ]
    },
    {
      title: 'Reconciling',
      panels: [
        {
          title: 'Reconciles a second',
          doc: 'By controller and result. Quiet when nothing changes.',
          kind: 'time',
          unit: 'ops',
          queries: [
            {
              expr: rateOf('controller_runtime_reconcile_total', ['controller', 'result']),
              legend: '{{controller}} {{result}}'
            }
          ]
        },
        {
          title: 'Errors a second',
          doc: 'Each is tried again with back-off.',
          kind: 'time',
          unit: 'ops',
          queries: [{ expr: rateOf('controller_runtime_reconcile_errors_total'), legend: 'errors' }]
        },
        {
          title: 'Duration, p99',
          doc: 'One reconcile.',
          kind: 'time',
          unit: 's',
          queries: [
            {
              expr: quantile(0.99, 'controller_runtime_reconcile_time_seconds', ['controller']),
              legend: '{{controller}}'
            }
          ]
        },
        {
          title: 'Waiting for a worker, p99',
          doc: 'How long a change stood in the queue.',
          kind: 'time',
          unit: 's',
          queries: [{ expr: quantile(0.99, 'workqueue_queue_duration_seconds', ['name']), legend: '{{name}}' }]
        },
        {
          title: 'Requests to the API server',
          doc: 'Writes go to zero when everything is as it should be, but for the lease and the watch canary.',
          kind: 'time',
          unit: 'reqps',
          queries: [{ expr: rateOf('rest_client_requests_total', ['verb']), legend: '{{verb}}' }]
        }
      ]
    }
  ]
}
