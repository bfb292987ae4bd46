import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Figure, Place } from '../load/benchmark.ts'
import type { Report } from '../load/document.ts'
import { requireSuccess, runProgram } from '../support/run-program.ts'

/** Those that bring up no Kubernetes. Each brings up servers of its own: what it measures must not be shared. */
const measured = ['bids', 'websocket', 'stock', 'hot-product']

test('a short run measures each part, finds every acknowledgement kept, and writes document, data and pictures', async () => {
  const home = mkdtempSync(join(tmpdir(), 'gavel-bench-'))
  try {
    const ran = await runProgram('test/load/main.ts', [...measured, '--short', '--out', home], {}, 900_000)
    requireSuccess(ran)
    expect(ran.stdout).toContain('each exactly once and where its receipt says; all verify')
    const report = JSON.parse(readFileSync(join(home, 'benchmarks.json'), 'utf8')) as Report
    const text = readFileSync(join(home, 'benchmarks.md'), 'utf8')
    expect(report.parts.map(({ name }) => name)).toEqual(measured)
    for (const part of report.parts) {
      if (!('measured' in part)) throw new Error(`${part.name}: ${part.failure}`)
      const { figures, ratios, faults } = part.measured
      expect(faults).toEqual([])
      expect(text).toContain(`## ${part.title}`)
      expect(text).toContain(`(benchmarks/${part.name}.svg)`)
      expect(existsSync(join(home, 'benchmarks', `${part.name}.svg`))).toBe(true)
      expect(figures.length).toBeGreaterThan(0)
      for (const figure of figures) for (const value of figure.rounds) expect(value, figure.name).toBeGreaterThan(0)
      expect(ratios.length).toBeGreaterThan(0)
      for (const { above, below, rounds } of ratios) {
        const [over, under] = [figureAt(figures, above), figureAt(figures, below)]
        expect(rounds).toHaveLength(over.rounds.length)
        rounds.forEach((ratio, round) => expect(ratio / (over.rounds[round]! / under.rounds[round]!)).toBeCloseTo(1, 2))
      }
    }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}, 900_000)

function figureAt(figures: readonly Figure[], { of, under, name }: Place): Figure {
  const found = figures.find((figure) => figure.of === of && figure.under === under && figure.name === name)
  if (!found) throw new Error(`There is no figure ${name} of ${of}, ${under}`)
  return found
}
