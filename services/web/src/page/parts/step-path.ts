export type Step = { at: number; value: number }

/** Where a price stood from one change to the next: flat, then up at once. Coordinates only; a test looks at them. */
export function stepPath(
  steps: readonly Step[],
  until: number,
  { width, height }: { width: number; height: number },
  inset = 6
): { line: string; x: (at: number) => number; y: (value: number) => number } {
  const from = steps[0]?.at ?? 0
  const values = steps.map(({ value }) => value)
  const low = Math.min(...values)
  const high = Math.max(...values)
  const x = (at: number): number => ((at - from) / Math.max(1, until - from)) * width
  const y = (value: number): number =>
    high === low ? height / 2 : height - inset - ((value - low) / (high - low)) * (height - 2 * inset)
  const parts = steps.map(({ at, value }, index) => {
    const [px, py] = [x(at).toFixed(1), y(value).toFixed(1)]
    return index === 0 ? `M${px} ${py}` : `H${px}V${py}`
  })
  return { line: `${parts.join('')}H${x(until).toFixed(1)}`, x, y }
}
