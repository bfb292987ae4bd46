import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installPrometheus, rulesFile } from '@gavel/standalone/observe/prometheus.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { alerts } from '../../charts/observability/alerts.ts'
import { ruleTests } from '../../charts/observability/rules.ts'

describe('the alerts, by Prometheus’s own checker', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-rules-'))
  let promtool: string
  beforeAll(async () => void ({ promtool } = await installPrometheus()))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const check = (what: string[], tests?: unknown): string => {
    const file = join(folder, 'tests.yaml')
    if (tests) writeFileSync(file, stringify(tests, { aliasDuplicateObjects: false }))
    return execFileSync(promtool, [...what, tests ? file : rulesFile], { encoding: 'utf8', stdio: 'pipe' })
  }

  test('the rules are well formed', () => {
    expect(check(['check', 'rules'])).toMatch(/SUCCESS: \d+ rules found/)
  })

  test.each(alerts.map(({ name }) => name))(
    '%s fires when it should, no other then, and not when it should not',
    (name) => {
      const all = ruleTests(rulesFile)
      expect(
        check(['test', 'rules'], { ...all, tests: all.tests.filter((each) => each.name.startsWith(`${name} `)) })
      ).toContain('SUCCESS')
    }
  )

  test('a wrong expectation is found', () => {
    const all = ruleTests(rulesFile)
    const [first] = all.tests
    expect(() => check(['test', 'rules'], { ...all, tests: [{ ...first, input_series: [] }] })).toThrow(/FAILED/)
  })
})
