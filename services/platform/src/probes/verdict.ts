import type { Finding, Outcome } from './finding.ts'

export interface Thresholds {
  /** Failures in a row that make it Failing. As many probes in a row that could not ask make it Inconclusive. */
  failures: number
  /** Successes in a row that make it Passing. */
  successes: number
  /** Transitions kept. */
  history: number
}

export interface Transition {
  atMs: number
  outcome: Outcome
  message: string
}

/** What is held to be so after a row of findings. */
export interface Verdict {
  outcome: Outcome
  sinceMs: number
  cause: string
  message: string
  failures: number
  successes: number
  /** Probes in a row that could not ask. */
  unasked: number
  /** Newest first. */
  history: Transition[]
}

/** Before the first finding. It is not a transition: nothing was known. */
export const unjudged = (nowMs: number, message = 'Not probed yet'): Verdict => ({
  outcome: 'Inconclusive',
  sinceMs: nowMs,
  cause: 'unjudged',
  message,
  failures: 0,
  successes: 0,
  unasked: 0,
  history: []
})

/**
 * Takes one finding in. A probe that could not ask neither adds to a row of failures nor ends it: when it can be asked again, the row
 * goes on where it was.
 */
export function advance(before: Verdict, finding: Finding, thresholds: Thresholds, nowMs: number): Verdict {
  const counted = count(before, finding.outcome)
  if (finding.outcome === before.outcome) return { ...counted, cause: finding.cause, message: finding.message }
  if (!reached(counted, finding.outcome, thresholds)) return counted
  return {
    ...counted,
    outcome: finding.outcome,
    sinceMs: nowMs,
    cause: finding.cause,
    message: finding.message,
    history: [{ atMs: nowMs, outcome: finding.outcome, message: finding.message }, ...before.history].slice(
      0,
      thresholds.history
    )
  }
}

function count(before: Verdict, outcome: Outcome): Verdict {
  switch (outcome) {
    case 'Passing':
      return { ...before, successes: before.successes + 1, failures: 0, unasked: 0 }
    case 'Failing':
      return { ...before, failures: before.failures + 1, successes: 0, unasked: 0 }
    case 'Inconclusive':
      return { ...before, unasked: before.unasked + 1 }
    default:
      return outcome satisfies never
  }
}

function reached({ failures, successes, unasked }: Verdict, outcome: Outcome, thresholds: Thresholds): boolean {
  switch (outcome) {
    case 'Passing':
      return successes >= thresholds.successes
    case 'Failing':
      return failures >= thresholds.failures
    case 'Inconclusive':
      return unasked >= thresholds.failures
    default:
      return outcome satisfies never
  }
}
