import type { Dashboard } from '../grafana.ts'
import { objectives as promises, ratioName } from '../slo.ts'

export const objectives: Dashboard = {
  name: 'objectives',
  title: 'Objectives',
  doc: 'The promises, how well they are kept, and how fast their error budgets of 30 days burn.',
  rows: promises.map((objective) => ({
    title: objective.title,
    panels: [
      {
        title: 'Kept',
        doc: `${objective.doc} Over the last hour; the promise is ${objective.target * 100} %.`,
        kind: 'stat' as const,
        unit: 'percentunit' as const,
        queries: [{ expr: `1 - (${ratioName(objective, '1h')})`, legend: 'kept' }]
      },
      {
        title: 'Burn rate',
        doc: '1 spends the whole budget in 30 days; 14.4 spends a fiftieth of it in an hour.',
        kind: 'time' as const,
        unit: 'none' as const,
        width: 16,
        alarmFrom: 14.4,
        queries: (['5m', '1h', '6h'] as const).map((over) => ({
          expr: `${ratioName(objective, over)} / ${Number((1 - objective.target).toFixed(6))}`,
          legend: over
        }))
      }
    ]
  }))
}
