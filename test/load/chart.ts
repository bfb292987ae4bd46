import type { Chart, Figure } from './benchmark.ts'

export type Bar = { group: string; label: string; unit: string; value: number; least: number; most: number }

/** The bars of a chart from the figures it names: grouped by circumstance, or by whom where it shows several figures of each. */
export function barsOf(figures: readonly Figure[], { names }: Pick<Chart, 'names'>): Bar[] {
  const several = names.length > 1
  return figures
    .filter(({ name }) => names.includes(name))
    .map(({ of, under, name, unit, value, rounds }) => ({
      group: several ? [of, under].filter(Boolean).join(', ') : under,
      label: several ? name : of,
      unit,
      value,
      least: Math.min(...rounds),
      most: Math.max(...rounds)
    }))
}

/** More digits where the number is small: 12,345; 123; 12.3; 1.23. */
export function numberText(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2
  return value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: 0 })
}
export const valueText = (value: number, unit: string): string =>
  unit === '/s' || unit === '' ? `${numberText(value)}${unit}` : `${numberText(value)} ${unit}`

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const width = 860
const margin = 16
const valueSpace = 110
const row = 24
const barHeight = 16
/** About as wide as a letter of 13 pixels is in the usual fonts. */
const letter = 7.4

/** Colours that differ for those who see few too, each on its own ground in light and dark. */
const style = `
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
.title { font-size: 16px; font-weight: 600 } .group { font-weight: 600 } .quiet { fill: #59636e }
.ground { fill: #ffffff } .axis { stroke: #d1d9e0 } .range { stroke: #1f2328; stroke-width: 1.5 }
.s0 { fill: #0f6cbd } .s1 { fill: #c2570c } .s2 { fill: #6b7785 } .s3 { fill: #7a3fb0 } .s4 { fill: #1a7f4b } .s5 { fill: #a1266b }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .quiet { fill: #9198a1 } .ground { fill: #0d1117 } .axis { stroke: #3d444d } .range { stroke: #e6edf3 }
.s0 { fill: #4aa3f0 } .s1 { fill: #f0883e } .s2 { fill: #8b949e } .s3 { fill: #bc8cff } .s4 { fill: #3fb950 } .s5 { fill: #f778ba }
}`
const colours = 6

/** The length of a bar; on a logarithmic scale from a power of ten below the least. */
function lengthsOf(bars: readonly Bar[], scale: Chart['scale'], space: number): (value: number) => number {
  const most = Math.max(...bars.map((bar) => bar.most), Number.MIN_VALUE)
  if (scale !== 'logarithmic') return (value) => (value / most) * space
  const least = 10 ** Math.floor(Math.log10(Math.min(...bars.map((bar) => bar.least)) || 1))
  const decades = Math.log10(most / least) || 1
  return (value) => Math.max(1, (Math.log10(Math.max(value, least) / least) / decades) * space)
}

/** Horizontal bars with their values, and a line from the least to the most of the rounds. */
export function chartSvg({ title, scale }: Chart, bars: readonly Bar[]): string {
  const labels = [...new Set(bars.map(({ label }) => label))]
  const from = margin + letter * Math.max(...labels.map(({ length }) => length), 4) + 10
  const length = lengthsOf(bars, scale, width - from - valueSpace - margin)
  const parts: string[] = []
  let y = margin + 18
  parts.push(`<text class="title" x="${margin}" y="${y}">${escaped(title)}</text>`)
  if (scale === 'logarithmic')
    parts.push(`<text class="quiet" text-anchor="end" x="${width - margin}" y="${y}">logarithmic scale</text>`)
  y += 10
  for (const [group, own] of Map.groupBy(bars, (bar) => bar.group)) {
    if (group !== '') {
      y += row
      parts.push(`<text class="group" x="${margin}" y="${y}">${escaped(group)}</text>`)
    }
    y += 8
    parts.push(`<line class="axis" x1="${from}" x2="${from}" y1="${y}" y2="${y + own.length * row}"/>`)
    for (const { label, value, unit, least, most } of own) {
      const middle = y + row / 2
      const colour = labels.indexOf(label) % colours
      parts.push(
        `<text text-anchor="end" x="${from - 8}" y="${middle + 4}">${escaped(label)}</text>`,
        `<rect class="s${colour}" x="${from}" y="${middle - barHeight / 2}" width="${length(value).toFixed(1)}" height="${barHeight}" rx="2"/>`
      )
      if (most > least)
        parts.push(
          `<line class="range" x1="${(from + length(least)).toFixed(1)}" x2="${(from + length(most)).toFixed(1)}" y1="${middle}" y2="${middle}"/>`
        )
      const end = from + Math.max(length(value), most > least ? length(most) : 0) + 8
      parts.push(`<text x="${end.toFixed(1)}" y="${middle + 4}">${escaped(valueText(value, unit))}</text>`)
      y += row
    }
  }
  const height = y + margin
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">
<style>${style}
</style>
<rect class="ground" width="${width}" height="${height}" rx="6"/>
${parts.join('\n')}
</svg>
`
}
