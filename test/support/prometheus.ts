import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ScrapeTarget, startPrometheus } from '@gavel/standalone/observe/prometheus.ts'
import { freePort } from '@gavel/standalone/ports.ts'
import type { Dashboard } from '../../charts/observability/grafana.ts'

export interface Sample {
  metric: Record<string, string>
  value: number
}

export interface ExemplarSeries {
  seriesLabels: Record<string, string>
  exemplars: { labels: Record<string, string>; value: string }[]
}

export interface Prometheus {
  query(expr: string): Promise<Sample[]>
  /** What it has kept of single observations, of the last hour. */
  exemplars(expr: string): Promise<ExemplarSeries[]>
  /** Panels of the dashboard of which a query gives no number: none, when all is well. */
  emptyPanels(dashboard: Dashboard): Promise<string[]>
  stop(): Promise<void>
}

/** A real Prometheus over the targets given, which asks them each second. */
export async function prometheusOver(targets: readonly ScrapeTarget[]): Promise<Prometheus> {
  const home = mkdtempSync(join(tmpdir(), 'gavel-prometheus-'))
  const port = await freePort()
  const child = await startPrometheus({
    directories: { data: join(home, 'data'), logs: join(home, 'logs') },
    port,
    targets,
    scrapeIntervalSeconds: 1
  })
  const query = async (expr: string): Promise<Sample[]> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query: expr })
    })
    const answer = (await response.json()) as {
      status: string
      error?: string
      data: { result: { metric: Record<string, string>; value: [number, string] }[] }
    }
    if (answer.status !== 'success') throw new Error(`${answer.error}: ${expr}`)
    return answer.data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }))
  }
  return {
    query,
    async exemplars(expr) {
      const now = Date.now() / 1000
      const range = new URLSearchParams({ query: expr, start: String(now - 3600), end: String(now + 60) })
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/query_exemplars?${range.toString()}`)
      return ((await response.json()) as { data: ExemplarSeries[] }).data
    },
    async emptyPanels(dashboard) {
      const queries = dashboard.rows.flatMap(({ panels }) =>
        panels.flatMap(({ title, queries: each }) => each.map(({ expr }) => ({ title, expr: withVariables(expr) })))
      )
      const found = await Promise.all(
        queries.map(async ({ title, expr }) => {
          const samples = await query(expr)
          return samples.some(({ value }) => Number.isFinite(value)) ? [] : [`${title}: ${expr}`]
        })
      )
      return found.flat()
    },
    async stop() {
      await child.stop()
      rmSync(home, { recursive: true, force: true })
    }
  }
}

/** What Grafana puts in the place of its variables. */
const withVariables = (expr: string): string => expr.replaceAll('$__rate_interval', '1m').replace(/\$\w+/g, '.*')
