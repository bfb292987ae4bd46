import type { Dashboard } from '../grafana.ts'
import { quantiles, rateOf, share, window } from '../queries.ts'

const reads = 'gavel_inventory_cache_reads_total'

export const inventory: Dashboard = {
  name: 'inventory',
  title: 'Inventory',
  doc: 'Stock taken and given back, the batches it is done in, imports, and how fresh the cache is.',
  rows: [
    {
      title: 'Stock',
      panels: [
        {
          title: 'Reservations a second',
          doc: 'By outcome; sold out is an answer and no fault.',
          kind: 'time',
          unit: 'ops',
          queries: [{ expr: rateOf('gavel_inventory_reservations_total', ['outcome']), legend: '{{outcome}}' }]
        },
        {
          title: 'Settlements a second',
          doc: 'Ends of sales applied: sold, or released.',
          kind: 'time',
          unit: 'ops',
          queries: [{ expr: rateOf('gavel_inventory_settlements_total', ['action']), legend: '{{action}}' }]
        },
        {
          title: 'Oversold pieces',
          doc: 'Pieces of orders for which nothing was held. Always zero.',
          kind: 'stat',
          unit: 'none',
          alarmFrom: 1,
          queries: [{ expr: 'sum(gavel_inventory_oversold_pieces)', legend: 'pieces' }]
        },
        {
          title: 'Events of one transaction',
          doc: 'A hot product is decremented once a batch and not once an event.',
          kind: 'time',
          unit: 'none',
          queries: quantiles('gavel_inventory_batch_size', ['topic'], ' {{topic}}')
        }
      ]
    },
    {
      title: 'Imports',
      panels: [
        {
          title: 'Rows a second',
          doc: 'Rows of files of items and stock that ended, by how.',
          kind: 'time',
          unit: 'ops',
          queries: [{ expr: rateOf('catalog_import_rows_total', ['outcome']), legend: '{{outcome}}' }]
        },
        {
          title: 'Without progress',
          doc: 'Of the running import that waits longest. It ends by itself once its commands are handled, dead letters included.',
          kind: 'time',
          unit: 's',
          alarmFrom: 600,
          queries: [{ expr: 'max(catalog_import_idle_seconds)', legend: 'seconds' }]
        }
      ]
    },
    {
      title: 'Reads',
      panels: [
        {
          title: 'Answered from the cache',
          doc: 'Share of the reads of stock.',
          kind: 'time',
          unit: 'percentunit',
          queries: [
            {
              expr: share(`sum(rate(${reads}{result="hit"}[${window}]))`, `sum(rate(${reads}[${window}]))`),
              legend: 'hits'
            }
          ]
        },
        {
          title: 'Reads a second',
          doc: 'By what the cache had.',
          kind: 'time',
          unit: 'ops',
          queries: [{ expr: rateOf(reads, ['result']), legend: '{{result}}' }]
        },
        {
          title: 'Failed calls to Redis',
          doc: 'The answers came from PostgreSQL.',
          kind: 'time',
          unit: 'ops',
          queries: [{ expr: rateOf('gavel_inventory_cache_faults_total'), legend: 'faults' }]
        }
      ]
    }
  ]
}
