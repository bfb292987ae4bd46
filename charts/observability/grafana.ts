/** Grafana's dashboard JSON, as far as Gavel's dashboards use it. */

export type Unit = 'short' | 'ops' | 's' | 'percentunit' | 'bytes' | 'reqps' | 'none'

export interface Query {
  expr: string
  /** How a series is called, with `{{label}}`. */
  legend: string
}

export interface Panel {
  title: string
  /** What it shows, and what to think of it. */
  doc: string
  kind: 'time' | 'stat' | 'heatmap'
  unit: Unit
  queries: readonly Query[]
  /** Shows single observations with the trace that each leads to. */
  exemplars?: boolean
  /** Turns the figure red from here on. */
  alarmFrom?: number
  /** Of 24 columns; 8 by default. */
  width?: number
}

export interface Row {
  title: string
  panels: readonly Panel[]
}

export interface Variable {
  name: string
  label: string
  /** A PromQL query for Grafana's `label_values`. */
  query: string
}

export interface Dashboard {
  /** File name and uid. */
  name: string
  title: string
  doc: string
  variables?: readonly Variable[]
  rows: readonly Row[]
}

const source = { type: 'prometheus', uid: '${datasource}' }
const panelHeight = 8

export function grafanaJson(dashboard: Dashboard): Record<string, unknown> {
  const panels: Record<string, unknown>[] = []
  let id = 0
  let y = 0
  for (const row of dashboard.rows) {
    panels.push({
      id: ++id,
      type: 'row',
      title: row.title,
      collapsed: false,
      gridPos: { x: 0, y: y++, w: 24, h: 1 },
      panels: []
    })
    let x = 0
    for (const panel of row.panels) {
      const w = panel.width ?? 8
      if (x + w > 24) {
        x = 0
        y += panelHeight
      }
      panels.push({ id: ++id, ...panelJson(panel), gridPos: { x, y, w, h: panelHeight } })
      x += w
    }
    y += panelHeight
  }
  return {
    uid: `gavel-${dashboard.name}`,
    title: `Gavel / ${dashboard.title}`,
    description: dashboard.doc,
    tags: ['gavel'],
    schemaVersion: 39,
    editable: true,
    graphTooltip: 1,
    refresh: '10s',
    time: { from: 'now-1h', to: 'now' },
    timezone: 'browser',
    links: [
      { type: 'dashboards', title: 'Gavel', tags: ['gavel'], asDropdown: true, includeVars: true, keepTime: true }
    ],
    templating: { list: [sourceVariable, ...(dashboard.variables ?? []).map(variableJson)] },
    annotations: { list: [] },
    panels
  }
}

const sourceVariable = {
  name: 'datasource',
  label: 'Prometheus',
  type: 'datasource',
  query: 'prometheus',
  refresh: 1,
  hide: 0
}

const variableJson = ({ name, label, query }: Variable) => ({
  name,
  label,
  type: 'query',
  datasource: source,
  query: { query, refId: name },
  refresh: 2,
  sort: 1,
  multi: true,
  includeAll: true,
  allValue: '.*',
  current: { text: 'All', value: '$__all' }
})

function panelJson({ title, doc, kind, unit, queries, alarmFrom, exemplars }: Panel): Record<string, unknown> {
  const steps = [
    { color: 'green', value: null },
    ...(alarmFrom === undefined ? [] : [{ color: 'red', value: alarmFrom }])
  ]
  return {
    type: { time: 'timeseries', stat: 'stat', heatmap: 'heatmap' }[kind],
    title,
    description: doc,
    datasource: source,
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...(alarmFrom === undefined ? {} : { thresholds: { mode: 'absolute', steps } }),
        ...(kind === 'time' ? { custom: { fillOpacity: 8, showPoints: 'never', lineWidth: 1 } } : {})
      },
      overrides: []
    },
    options: optionsOf(kind),
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: source,
      expr,
      legendFormat: kind === 'heatmap' ? '{{le}}' : legend,
      ...(kind === 'heatmap' ? { format: 'heatmap' } : {}),
      ...(kind === 'stat' ? { instant: true } : {}),
      ...(exemplars === true ? { exemplar: true } : {})
    }))
  }
}

function optionsOf(kind: Panel['kind']): Record<string, unknown> {
  switch (kind) {
    case 'time':
      return {
        legend: { displayMode: 'table', placement: 'bottom', calcs: ['lastNotNull', 'max'] },
        tooltip: { mode: 'multi', sort: 'desc' }
      }
    case 'stat':
      return { reduceOptions: { calcs: ['lastNotNull'] }, colorMode: 'value', graphMode: 'area' }
    case 'heatmap':
      return { calculate: false, color: { scheme: 'Oranges', mode: 'scheme' }, yAxis: { unit: 's' }, cellGap: 1 }
    default:
      return kind satisfies never
  }
}
