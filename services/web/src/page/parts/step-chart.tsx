import { useLayoutEffect, useRef, useState } from 'react'
import { stepPath, type Step } from './step-path.ts'

/** The box's own size in pixels, so that strokes and letters keep theirs. */
function useBox() {
  const ref = useRef<HTMLDivElement>(null)
  const [box, setBox] = useState({ width: 600, height: 220 })
  useLayoutEffect(() => {
    const node = ref.current
    if (!node) return
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setBox({ width: entry.contentRect.width, height: entry.contentRect.height })
    })
    observer.observe(node)
    return () => observer.disconnect()
  }, [])
  return [ref, box] as const
}

export function StepChart({
  steps,
  until,
  label,
  format,
  formatTime
}: {
  steps: readonly Step[]
  until: number
  label: string
  format: (value: number) => string
  formatTime: (at: number) => string
}) {
  const [ref, box] = useBox()
  const first = steps[0]
  const last = steps.at(-1)
  if (!first || !last) return null
  const { line, x, y } = stepPath(steps, Math.max(until, last.at), box)
  return (
    <figure className="chart">
      <div className="chart-plot" ref={ref}>
        <svg viewBox={`0 0 ${box.width} ${box.height}`} role="img" aria-label={label}>
          <path className="chart-area" d={`${line}V${box.height}H0Z`} />
          <path className="chart-line" d={line} />
          <circle className="chart-dot" cx={x(Math.max(until, last.at))} cy={y(last.value)} r="4" />
        </svg>
      </div>
      <figcaption>
        <span>
          {formatTime(first.at)} · {format(first.value)}
        </span>
        <span>
          {formatTime(Math.max(until, last.at))} · {format(last.value)}
        </span>
      </figcaption>
    </figure>
  )
}
