import type { Outcome } from './model.ts'
import type { Recording } from './recording.ts'

const [width, left, right, panelHeight, gap, top] = [960, 74, 22, 132, 44, 126]
const styles = [
  { color: '#0b6e4f', dash: '' },
  { color: '#c2570c', dash: '7 4' },
  { color: '#4f56b3', dash: '2 3' }
] as const
const ink = '#24292f'
const faint = '#d5dae0'
const pointsMax = 720

interface Series {
  values: number[]
  color: string
  dash: string
}
interface Panel {
  title: string
  series: Series[]
  stepped?: boolean
  filled?: boolean
}

/** Arrivals, replicas, lag and cost over time, one panel each, one line a policy. */
export function svgOf(recording: Recording, outcomes: readonly Outcome[]): string {
  const seconds = outcomes[0]?.lag.length ?? 0
  const arrivals = Array.from(
    { length: seconds },
    (_, second) => recording.arrivalsPerSecond[Math.floor(second / recording.stepSeconds)] ?? 0
  )
  const of = (values: (outcome: Outcome) => number[]): Series[] =>
    outcomes.map((outcome, index) => ({ values: values(outcome), ...(styles[index % styles.length] ?? styles[0]) }))
  const panels: Panel[] = [
    { title: 'Messages coming in, a second', series: [{ values: arrivals, color: '#8c959f', dash: '' }], filled: true },
    { title: 'Replicas asked for', series: of(({ replicas }) => replicas), stepped: true },
    { title: 'Messages behind', series: of(({ lag }) => lag) },
    { title: 'Cost: replica-hours so far', series: of(({ replicas }) => running(replicas).map((sum) => sum / 3600)) }
  ]
  const height = top + panels.length * (panelHeight + gap)
  const drawn = panels.map((panel, index) => drawPanel(panel, top + index * (panelHeight + gap), seconds))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12" fill="${ink}">`,
    `<title>${escape(recording.name)}: replicas, lag and cost by policy</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="${left}" y="26" font-size="17" font-weight="600">${escape(recording.name)}</text>`,
    `<text x="${left}" y="45" fill="#57606a">${escape(recording.about)}</text>`,
    ...outcomes.map((outcome, index) => legend(outcome, index)),
    ...drawn,
    `<text x="${width - right}" y="${height - 8}" text-anchor="end" fill="#57606a">minutes</text>`,
    '</svg>'
  ].join('\n')
}

function legend({ policy, waitP95Seconds, waitMaxSeconds, changes }: Outcome, index: number): string {
  const { color, dash } = styles[index % styles.length] ?? styles[0]
  const x = left + index * 290
  return [
    `<line x1="${x}" x2="${x + 26}" y1="68" y2="68" stroke="${color}" stroke-width="2.4" stroke-dasharray="${dash}"/>`,
    `<text x="${x + 33}" y="72" font-weight="600">${policy}</text>`,
    `<text x="${x + 33}" y="89" fill="#57606a">wait p95 ${waitP95Seconds} s, longest ${waitMaxSeconds} s, ${changes} changes</text>`
  ].join('')
}

function drawPanel({ title, series, stepped, filled }: Panel, y: number, seconds: number): string {
  const ticks = ticksOf(series.reduce((most, { values }) => values.reduce((a, b) => Math.max(a, b), most), 0))
  const ceiling = ticks.at(-1) ?? 1
  const inner = width - left - right
  const at = (second: number) => left + (second / Math.max(1, seconds)) * inner
  const up = (value: number) => y + panelHeight - (value / ceiling) * panelHeight
  const minutes = minuteTicks(seconds / 60)
  return [
    `<text x="${left}" y="${y - 9}" font-weight="600">${title}</text>`,
    ...ticks.map(
      (tick) =>
        `<line x1="${left}" x2="${width - right}" y1="${up(tick)}" y2="${up(tick)}" stroke="${faint}"/><text x="${left - 8}" y="${up(tick) + 4}" text-anchor="end" fill="#57606a">${tick.toLocaleString('en-GB')}</text>`
    ),
    ...minutes.map(
      (minute) =>
        `<line x1="${at(minute * 60)}" x2="${at(minute * 60)}" y1="${y + panelHeight}" y2="${y + panelHeight + 4}" stroke="#8c959f"/><text x="${at(minute * 60)}" y="${y + panelHeight + 17}" text-anchor="middle" fill="#57606a">${minute}</text>`
    ),
    // The first policy is drawn last, on top of the others.
    ...series.toReversed().map(({ values, color, dash }) => {
      const path = pathOf(values, { at, up, stepped: stepped ?? false })
      const area = filled
        ? `<path d="${path}L${at(seconds).toFixed(1)} ${up(0)}L${at(0)} ${up(0)}Z" fill="${color}" opacity="0.25"/>`
        : ''
      return `${area}<path d="${path}" fill="none" stroke="${color}" stroke-width="${filled ? 1 : 2}" stroke-dasharray="${dash}" stroke-linejoin="round"/>`
    })
  ].join('\n')
}

/** Of many seconds that share a pixel the highest is drawn: a peak must not vanish between two points. */
function pathOf(
  values: readonly number[],
  { at, up, stepped }: { at: (second: number) => number; up: (value: number) => number; stepped: boolean }
): string {
  const width = Math.max(1, Math.ceil(values.length / pointsMax))
  const points: string[] = []
  let last: number | undefined
  for (let second = 0; second < values.length; second += width) {
    const value = values.slice(second, second + width).reduce((a, b) => Math.max(a, b), 0)
    if (stepped && last !== undefined && last !== value) points.push(`${at(second).toFixed(1)} ${up(last).toFixed(1)}`)
    points.push(`${at(second).toFixed(1)} ${up(value).toFixed(1)}`)
    last = value
  }
  return `M${points.join('L')}`
}

function ticksOf(most: number): number[] {
  const rough = Math.max(most, 1e-9) / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power
  const count = Math.max(1, Math.ceil(most / step))
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(6)))
}

function minuteTicks(minutes: number): number[] {
  const step = [1, 2, 5, 10, 15, 20, 30, 60, 120, 240].find((each) => minutes / each <= 12) ?? 480
  return Array.from({ length: Math.floor(minutes / step) + 1 }, (_, index) => index * step)
}

function running(values: readonly number[]): number[] {
  let sum = 0
  return values.map((value) => (sum += value))
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
