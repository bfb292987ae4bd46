import type { Alert } from './alerts.ts'
import { alerts } from './alerts.ts'
import { objectives, ratioName, windows } from './slo.ts'

/** Where a person finds what to do; the text is in docs/alerts.md. */
const runbookUrl = (name: string): string => `https://gavel.dev/docs/alerts#${name.toLowerCase()}`

/** Prometheus's rule groups: as a file for Prometheus itself, and wrapped in a PrometheusRule by the chart. */
export function ruleGroups() {
  return {
    groups: [
      {
        name: 'gavel-objectives',
        interval: '30s',
        rules: objectives.flatMap((objective) =>
          windows.map((over) => ({
            record: ratioName(objective, over),
            expr: `(${objective.bad(over)}) / (${objective.all(over)} > 0)`
          }))
        )
      },
      { name: 'gavel-alerts', rules: alerts.map(ruleOf) }
    ]
  }
}

const ruleOf = ({ name, expr, forDuration, severity, summary }: Alert) => ({
  alert: name,
  expr,
  ...(forDuration === '0m' ? {} : { for: forDuration }),
  labels: { severity },
  annotations: { summary, runbook_url: runbookUrl(name) }
})

/** A fast burn is a slow one too. */
const goesAlong = (fired: string, other: string): boolean => fired.replace(/Burn$/, 'SlowBurn') === other

/**
 * For `promtool test rules`: each alert once with what makes it fire, and no other then; and once with what must not make it fire.
 */
export function ruleTests(rulesFile: string) {
  return {
    rule_files: [rulesFile],
    evaluation_interval: '1m',
    tests: alerts.flatMap((alert) =>
      (['fires', 'quiet'] as const).map((which) => ({
        interval: '1m',
        name: `${alert.name} ${which}`,
        input_series: alert[which].series.map(({ series, values }) => ({ series, values })),
        alert_rule_test: alerts
          .filter(({ name }) => (which === 'quiet' ? name === alert.name : !goesAlong(alert.name, name)))
          .map(({ name }) => ({
            eval_time: alert[which].at,
            alertname: name,
            exp_alerts: which === 'fires' && name === alert.name ? [expected(alert)] : []
          }))
      }))
    )
  }
}

function expected(alert: Alert) {
  const labels = labelsOf(alert)
  const summary = alert.summary.replace(/\{\{ \$labels\.(\w+) \}\}/g, (_, name: string) => labels[name] ?? '')
  return {
    exp_labels: { severity: alert.severity, ...labels },
    exp_annotations: { summary, runbook_url: runbookUrl(alert.name) }
  }
}

/** The labels that the expression keeps, with the values of the series given. */
function labelsOf({ expr, fires }: Alert): Record<string, string> {
  const kept = /by \(([^)]*)\)/.exec(expr)?.[1]?.split(', ') ?? []
  const given = Object.fromEntries(
    [...(fires.series[0]?.series ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [
      name ?? '',
      value ?? ''
    ])
  )
  return Object.fromEntries(kept.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])))
}

/** The runbooks as a page. */
export function alertsPage(): string {
  const sections = alerts.map(
    ({ name, severity, summary, runbook, expr, forDuration }) =>
      `## ${name}\n\n**${severity}**: ${summary.replace(/\{\{ \$labels\.(\w+) \}\}/g, '‹$1›')}.\n\n${runbook}\n\n\`\`\`promql\n${expr}\n\`\`\`\n\n${forDuration === '0m' ? 'At once.' : `For ${forDuration}.`}\n`
  )
  return `# Alerts\n\nEvery alert of \`charts/gavel/rules\`, what it means and what to do. Written by \`npm run generate\` from \`charts/observability/alerts.ts\`.\n\n${sections.join('\n')}`
}
