import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { requireSuccess, runProgram } from '../support/run-program.ts'

test('the load measures all three ways on both paths, and finds every acknowledged bid in its ledger once', async () => {
  const home = mkdtempSync(join(tmpdir(), 'gavel-bench-'))
  try {
    const json = join(home, 'bench.json')
    // It brings up servers of its own: what it measures must not be shared.
    const ran = await runProgram('test/load/main.ts', ['--quick', '--json', json])
    requireSuccess(ran)
    expect(ran.stdout).toContain('each exactly once and where its receipt says; all verify')
    const { machine, results, ratios } = JSON.parse(readFileSync(json, 'utf8')) as Record<string, object>
    expect(machine).toMatchObject({
      cores: expect.any(Number),
      processor: expect.any(String),
      versions: expect.any(Array)
    })
    const figures = {
      requestsPerSecond: expect.any(Number),
      acceptedPerSecond: expect.any(Number),
      p50Ms: expect.any(Number),
      p99Ms: expect.any(Number)
    }
    const places = ['gavel', 'common', 'constant'].flatMap((name) =>
      ['direct', 'gateway'].map((path) => ({ name, path, connections: 16 }))
    )
    expect(results).toHaveLength(places.length)
    for (const place of places) expect(results).toContainEqual({ ...place, ...figures })
    expect(ratios).toMatchObject({ contenders: expect.any(Array), gatewayToDirect: expect.any(Array) })
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})
