import { describe, expect, test } from 'vitest'
import { Figures, percentile, type Benchmark } from './benchmark.ts'
import { barsOf, chartSvg } from './chart.ts'
import { documentOf, updated, type Report } from './document.ts'

function someFigures(): Figures {
  const figures = new Figures()
  for (const [ours, theirs] of [
    [300, 60],
    [100, 50],
    [900, 450]
  ] as const) {
    figures.add('Gavel', '64 connections', { 'bids/s': ours, 'p50 ms': 1.5 })
    figures.add('other', '64 connections', { 'bids/s': theirs, 'p50 ms': 3 })
  }
  const place = { under: '64 connections', name: 'bids' }
  figures.compare('Gavel to the other', { of: 'Gavel', ...place }, { of: 'other', ...place })
  return figures
}

const benchmark = (name: string, title: string): Benchmark => ({
  name,
  title,
  about: `About ${title}.`,
  charts: [{ title: 'Bids a second', names: ['bids'] }],
  boundMs: { full: 1, short: 1 },
  run: () => Promise.reject(new Error('not run here'))
})

describe('figures', () => {
  test('a figure is the median of its rounds, and its name has its unit apart', () => {
    expect(someFigures().measured().figures[0]).toEqual({
      of: 'Gavel',
      under: '64 connections',
      name: 'bids',
      unit: '/s',
      value: 300,
      rounds: [300, 100, 900]
    })
  })

  test('a ratio is taken within each round, and only then the median', () => {
    // The quotient of the medians, 300 and 60, would be 5.
    expect(someFigures().measured().ratios).toMatchObject([{ rounds: [5, 2, 2], value: 2 }])
  })

  test('a ratio of what was not measured is left out', () => {
    const figures = someFigures()
    const nowhere = { of: 'nobody', under: '', name: 'bids' }
    figures.compare('nothing', nowhere, nowhere)
    expect(figures.measured().ratios).toHaveLength(1)
  })

  test('percentiles are values that were measured', () => {
    const sorted = Array.from({ length: 1_000 }, (_, index) => index + 1)
    expect([0.5, 0.99, 0.999, 1].map((share) => percentile(sorted, share))).toEqual([501, 991, 1_000, 1_000])
    expect(percentile([], 0.5)).toBe(0)
  })
})

describe('the document', () => {
  const ran = { measuredAt: '2026-01-01T00:00:00.000Z', commit: 'abc' }
  const report: Report = {
    machine: {
      processor: 'A processor',
      cores: 2,
      memoryGibibytes: 8,
      system: 'Linux 6',
      openFiles: '1024',
      versions: { 'Node.js': '24' }
    },
    scale: { short: false, rounds: 3, warmUpMs: 1, measureMs: 1_000 },
    parts: [
      {
        name: 'broken',
        title: 'A broken one',
        ...ran,
        tookSeconds: 5,
        load: { before: 0, highest: 1 },
        failure: 'It fell over'
      },
      {
        name: 'bids',
        title: 'Bids',
        ...ran,
        tookSeconds: 9,
        load: { before: 0, highest: 1 },
        measured: { ...someFigures().measured(), faults: ['one was lost'] }
      }
    ]
  }
  const text = documentOf(report, [benchmark('broken', 'A broken one'), benchmark('bids', 'Bids')])

  test('says what failed and why, and goes on with the rest', () => {
    expect(text).toContain('**Not measured in this run, for the reason that stands there:** A broken one.')
    expect(text).toContain('It fell over')
    expect(text.indexOf('## Bids')).toBeGreaterThan(text.indexOf('## A broken one'))
  })

  test('has machine, figures with their range, ratios with their rounds, and faults', () => {
    expect(text).toContain('A processor, 2 cores')
    expect(text).toContain('| 64 connections | Gavel | 300 (100–900) | 1.5 |')
    expect(text).toContain('| Gavel to the other | **2.00** | 5.00, 2.00, 2.00 |')
    expect(text).toContain('**Fault:** one was lost')
    expect(text).toContain('(benchmarks/bids.svg)')
    expect(text).toContain('Measured 2026-01-01T00:00:00.000Z on commit abc')
  })

  test('takes what was measured again in the place of what it was, on the same machine only', () => {
    const again = { ...report, parts: [{ ...report.parts[0]!, commit: 'def' }] }
    expect(updated(report, again).parts.map(({ name, commit }) => [name, commit])).toEqual([
      ['broken', 'def'],
      ['bids', 'abc']
    ])
    const elsewhere = { ...again, machine: { ...report.machine, cores: 64 } }
    expect(() => updated(report, elsewhere)).toThrow('another machine')
  })
})

describe('a chart', () => {
  const { figures } = someFigures().measured()

  test('has a bar for each whose length is to its value, and the range of the rounds', () => {
    const chart = { title: 'Bids <a second>', names: ['bids'] }
    const svg = chartSvg(chart, barsOf(figures, chart))
    const widths = [...svg.matchAll(/class="s\d" [^>]*width="([\d.]+)"/g)].map(([, width]) => Number(width))
    expect(widths[0]! / widths[1]!).toBeCloseTo(5, 1)
    expect(svg).toContain('300/s')
    expect(svg.match(/class="range"/g)).toHaveLength(2)
    expect(svg).toContain('Bids &lt;a second&gt;')
  })

  test('shows several figures of each as bars of one group', () => {
    expect(barsOf(figures, { names: ['bids', 'p50'] }).map(({ group, label }) => [group, label])).toEqual([
      ['Gavel, 64 connections', 'bids'],
      ['Gavel, 64 connections', 'p50'],
      ['other, 64 connections', 'bids'],
      ['other, 64 connections', 'p50']
    ])
  })
})
