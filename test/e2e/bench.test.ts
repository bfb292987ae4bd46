import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Figure, Place } from '../load/benchmark.ts'
import { benchmarks } from '../load/benchmarks.ts'
import type { Report } from '../load/document.ts'
import { requireSuccess, runProgram } from '../support/run-program.ts'

/** Enough to show the generator, the audit, the comparison and the document; `npm run bench -- --all --short` runs the rest. */
const measured = benchmarks.filter(({ name }) =>
  ['bids', 'websocket', 'latency', 'stock', 'hot-product'].includes(name)
)
/** A bound against hanging, and no measure of speed. */
const boundMs = 1_800_000

test(
  'a short run measures each part, finds every acknowledgement kept, and writes document, data and pictures',
  async () => {
    const home = mkdtempSync(join(tmpdir(), 'gavel-bench-'))
    try {
      const ran = await runProgram(
        'test/load/main.ts',
        [...measured.map(({ name }) => name), '--short', '--out', home],
        {},
        boundMs
      )
      requireSuccess(ran)
      expect(ran.stdout).toContain('each exactly once and where its receipt says; all verify')
      const report = JSON.parse(readFileSync(join(home, 'benchmarks.json'), 'utf8')) as Report
      const text = readFileSync(join(home, 'benchmarks.md'), 'utf8')
      expect(report.parts.map(({ name }) => name)).toEqual(measured.map(({ name }) => name))
      let ratiosFound = 0
      for (const [index, part] of report.parts.entries()) {
        if (!('measured' in part)) throw new Error(`${part.name}: ${part.failure}`)
        const { figures, ratios, faults } = part.measured
        expect(faults).toEqual([])
        expect(text).toContain(`## ${part.title}`)
        expect(text).toContain(`(benchmarks/${part.name}.svg)`)
        expect(existsSync(join(home, 'benchmarks', `${part.name}.svg`))).toBe(true)
        const drawn = measured[index]!.charts.flatMap(({ names }) => names)
        expect(new Set(figures.map(({ name }) => name)).isSupersetOf(new Set(drawn))).toBe(true)
        for (const { name, of, rounds } of figures) {
          for (const value of rounds) {
            expect(Number.isFinite(value), `${name} of ${of}`).toBe(true)
            if (drawn.includes(name)) expect(value, `${name} of ${of}`).toBeGreaterThan(0)
          }
        }
        // Not everything has something to be compared with.
        ratiosFound += ratios.length
        for (const { above, below, rounds } of ratios) {
          const [over, under] = [figureAt(figures, above), figureAt(figures, below)]
          expect(rounds).toHaveLength(over.rounds.length)
          rounds.forEach((ratio, round) =>
            expect(ratio / (over.rounds[round]! / under.rounds[round]!)).toBeCloseTo(1, 2)
          )
        }
      }
      expect(ratiosFound).toBeGreaterThan(report.parts.length)
    } finally {
      rmSync(home, { recursive: true, force: true })
    }
  },
  boundMs
)

function figureAt(figures: readonly Figure[], { of, under, name }: Place): Figure {
  const found = figures.find((figure) => figure.of === of && figure.under === under && figure.name === name)
  if (!found) throw new Error(`There is no figure ${name} of ${of}, ${under}`)
  return found
}
