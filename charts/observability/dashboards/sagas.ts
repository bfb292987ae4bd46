import type { Dashboard } from '../grafana.ts'
import { quantiles, rateOf } from '../queries.ts'

export const sagas: Dashboard = {
  name: 'sagas',
  title: 'Sales',
  doc: 'From a confirmed sale to its order or its failure: rates, times, what hangs, and the money.',
  rows: [
    {
      title: 'Ends',
      panels: [
        {
          title: 'Sales ended a second',
          doc: 'By outcome. Failures give stock and money back.',
          kind: 'time',
          unit: 'ops',
          queries: [{ expr: rateOf('gavel_order_sales_ended_total', ['outcome']), legend: '{{outcome}}' }]
        },
        {
          title: 'Failures by reason',
          doc: 'Sold out, declined, or nobody answered in time.',
          kind: 'time',
          unit: 'ops',
          queries: [
            {
              expr: 'sum by (reason) (rate(gavel_order_sales_ended_total{outcome="failed"}[$__rate_interval])) or vector(0)',
              legend: '{{reason}}'
            }
          ]
        },
        {
          title: 'From sale to end',
          doc: 'The whole saga: stock, payment, order.',
          kind: 'time',
          unit: 's',
          exemplars: true,
          queries: quantiles('gavel_order_saga_duration_seconds')
        },
        {
          title: 'Oldest open sale',
          doc: 'Every sale ends within its time-outs; an older one is stuck.',
          kind: 'stat',
          unit: 's',
          alarmFrom: 900,
          queries: [{ expr: 'max(gavel_order_oldest_open_sale_age_seconds)', legend: 'age' }]
        },
        {
          title: 'Stuck sales',
          doc: 'Sales that should be over and are not, as the event log sees them.',
          kind: 'stat',
          unit: 'none',
          alarmFrom: 1,
          queries: [{ expr: 'max(gavel_sagas_stuck)', legend: 'stuck' }]
        },
        {
          title: 'Revenue since the first order',
          doc: 'In minor units, by currency; exact, from the event log.',
          kind: 'stat',
          unit: 'short',
          queries: [{ expr: 'max by (currency) (gavel_statistics_revenue_minor)', legend: '{{currency}}' }]
        }
      ]
    },
    {
      title: 'Payments',
      panels: [
        {
          title: 'Payments a second',
          doc: 'By the status they reached.',
          kind: 'time',
          unit: 'ops',
          queries: [{ expr: rateOf('gavel_payments_total', ['status']), legend: '{{status}}' }]
        },
        {
          title: 'Unsettled payments',
          doc: 'Waiting for the provider.',
          kind: 'time',
          unit: 'none',
          queries: [{ expr: 'sum by (status) (gavel_payments_open)', legend: '{{status}}' }]
        },
        {
          title: 'The provider',
          doc: 'Duration of its calls, repeats included.',
          kind: 'time',
          unit: 's',
          queries: quantiles('gavel_payment_provider_duration_seconds', ['operation'], ' {{operation}}')
        }
      ]
    },
    {
      title: 'What people are told',
      panels: [
        {
          title: 'Notifications a second',
          doc: 'Stored in the users’ inboxes.',
          kind: 'time',
          unit: 'ops',
          queries: [{ expr: rateOf('gavel_notifications_total'), legend: 'stored' }]
        },
        {
          title: 'Mails a second',
          doc: 'Attempts by how they ended.',
          kind: 'time',
          unit: 'ops',
          queries: [{ expr: `${rateOf('gavel_mails_total', ['outcome'])} or vector(0)`, legend: '{{outcome}}' }]
        },
        {
          title: 'Mails that wait',
          doc: 'Grows while the mail server is away.',
          kind: 'time',
          unit: 'none',
          queries: [{ expr: 'max(gavel_mails_due)', legend: 'due' }]
        }
      ]
    }
  ]
}
