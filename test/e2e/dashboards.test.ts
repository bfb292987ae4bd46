import { platformTargets } from '@gavel/standalone/observe/prometheus.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { alerts } from '../../charts/observability/alerts.ts'
import { dashboards } from '../../charts/observability/dashboards/index.ts'
import { eventually } from '../support/eventually.ts'
import { sharedPlatform } from '../support/platform.ts'
import { type Prometheus, prometheusOver } from '../support/prometheus.ts'
import { requireSuccess, runProgram } from '../support/run-program.ts'

/** The operator's own dashboard is shown in its suite, where an operator runs. */
const shown = dashboards.filter(({ name }) => name !== 'operator')

describe('seen from outside, by a real Prometheus, while the demo plays', () => {
  let prometheus: Prometheus
  const { url, mailUrl, admin, ports } = sharedPlatform()
  const targets = platformTargets(ports)

  beforeAll(async () => {
    prometheus = await prometheusOver(targets)
    requireSuccess(
      await runProgram('services/standalone/src/demo.ts', [], {
        GAVEL_URL: url,
        GAVEL_MAIL_URL: mailUrl,
        GAVEL_ADMIN_EMAIL: admin.email,
        GAVEL_ADMIN_PASSWORD: admin.password
      })
    )
    // What the demo leaves out: one product read by its id.
    const { items } = (await (await fetch(`${url}/api/products?limit=1`)).json()) as { items: { productId: string }[] }
    expect((await fetch(`${url}/api/products/${items[0]?.productId}`)).status).toBe(200)
  })
  afterAll(() => prometheus.stop())

  test('every process is scraped', async () => {
    const up = await eventually(async () => {
      const samples = await prometheus.query('up == 1')
      return samples.length === targets.length && samples
    })
    expect(new Set(up.map(({ metric }) => metric['job']))).toEqual(new Set(targets.map(({ job }) => job)))
  })

  test.each(shown)('no panel of $title is empty', async (dashboard) => {
    let empty: string[] = []
    await eventually(async () => {
      empty = await prometheus.emptyPanels(dashboard)
      return empty.length === 0
    }).catch(() => undefined)
    expect(empty).toEqual([])
  })

  test('no alert fires on a platform that is well', async () => {
    const firing = await Promise.all(
      alerts.map(async ({ name, expr }) => ((await prometheus.query(expr)).length > 0 ? [name] : []))
    )
    expect(firing.flat()).toEqual([])
  })

  test('no label is without a bound: each takes few values, whatever people do', async () => {
    const ids = await prometheus.query('{__name__=~"gavel_.+|bidding_.+|http_.+|kafka_.+|outbox_.+|identity_.+"}')
    const values = new Map<string, Set<string>>()
    for (const { metric } of ids)
      for (const [label, value] of Object.entries(metric))
        values.set(label, (values.get(label) ?? new Set()).add(value))
    values.delete('__name__')
    // As many as there are routes at the most.
    const wide = [...values].filter(([, set]) => set.size > 250).map(([label, set]) => `${label}: ${set.size}`)
    expect(wide).toEqual([])
    const looksLikeAnId = /^[0-9a-f]{8}-[0-9a-f-]{27}$|^[0-9a-f]{16,}$|@/
    const labelled = ids.flatMap(({ metric }) =>
      Object.entries(metric)
        .filter(([, value]) => looksLikeAnId.test(value))
        .map(([label, value]) => `${metric['__name__']}{${label}="${value}"}`)
    )
    expect(labelled).toEqual([])
  })
})
