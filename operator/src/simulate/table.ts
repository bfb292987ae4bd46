import type { Outcome } from './model.ts'

const headings = ['policy', 'wait p95 s', 'wait max s', 'lag max', 'replica-seconds', 'changes'] as const

/** The outcomes side by side, as text for a terminal. */
export function tableOf(outcomes: readonly Outcome[]): string {
  const figure = (value: number) => Math.round(value).toLocaleString('en-GB')
  const rows = outcomes.map((outcome) => [
    outcome.policy,
    figure(outcome.waitP95Seconds),
    figure(outcome.waitMaxSeconds),
    figure(outcome.lag.reduce((a, b) => Math.max(a, b), 0)),
    figure(outcome.replicaSeconds),
    figure(outcome.changes)
  ])
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0))
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
  return [line(headings), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n')
}
