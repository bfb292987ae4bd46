import type { HttpAnswer } from './http.ts'
import type { TcpProbe } from './tcp.ts'

/** Passing: asked and well. Failing: asked and not well. Inconclusive: it could not be asked, and nothing follows from that. */
export type Outcome = 'Passing' | 'Failing' | 'Inconclusive'

/** What one probe found. */
export interface Finding {
  outcome: Outcome
  /**
   * Names the culprit without figures that move: two findings with the same cause tell a reader the same, although their messages
   * may differ in a number.
   */
  cause: string
  message: string
}

export const passing = (message: string, cause = 'well'): Finding => ({ outcome: 'Passing', cause, message })
export const failing = (message: string, cause = message): Finding => ({ outcome: 'Failing', cause, message })
export const inconclusive = (message: string, cause = message): Finding => ({ outcome: 'Inconclusive', cause, message })

export interface HttpCriteria {
  /** Any 2xx when absent or empty. */
  expectStatus?: readonly number[]
  bodyContains?: string
}

/** @param target how the one asked is named in messages, such as `GET http://…`. */
export function judgeHttp(target: string, criteria: HttpCriteria, answer: HttpAnswer): Finding {
  if (!answer.answered) return failing(`${target}: ${answer.error}`)
  const { expectStatus = [], bodyContains } = criteria
  const { status, text } = answer
  const expected = expectStatus.length === 0 ? status >= 200 && status < 300 : expectStatus.includes(status)
  if (!expected) {
    const wanted = expectStatus.length === 0 ? '2xx' : expectStatus.join(', ')
    return failing(`${target} answered ${status}, expected ${wanted}`)
  }
  if (bodyContains !== undefined && !text.includes(bodyContains)) {
    return failing(`${target} answered ${status} without the text «${bodyContains.slice(0, 100)}»`)
  }
  return passing(`${target} answered ${status}`, `answered ${status}`)
}

export function judgeTcp(target: string, probe: TcpProbe): Finding {
  return probe.connected ? passing(`${target} accepts connections`) : failing(`${target}: ${probe.error}`)
}

export interface Sample {
  /** What the value is of. Empty when there is nothing to tell it from. */
  name: string
  value: number
}

/** All samples must be in bounds, both included. No samples, and values that are no numbers, say nothing. */
export function judgeRange(
  target: string,
  { min = -Infinity, max = Infinity }: { min?: number; max?: number },
  samples: readonly Sample[]
): Finding {
  const values = samples.filter(({ value }) => !Number.isNaN(value))
  if (values.length === 0) return inconclusive(`${target} has no value now`)
  const outside = values.filter(({ value }) => value < min || value > max)
  // The one farthest out is named; it is the one to look at first.
  const distance = ({ value }: Sample): number => (value < min ? min - value : value - max)
  const worst = outside.reduce<Sample | undefined>((a, b) => (a && distance(a) >= distance(b) ? a : b), undefined)
  if (!worst) return passing(`${target} is within ${boundsOf(min, max)}`)
  const others = outside.length === 1 ? '' : `, and ${outside.length - 1} more`
  const name = worst.name === '' ? target : `${target} of ${worst.name}`
  return failing(
    `${name} is ${worst.value}, outside ${boundsOf(min, max)}${others}`,
    `${outside
      .map((sample) => sample.name)
      .toSorted()
      .join(' ')} outside`
  )
}

const boundsOf = (min: number, max: number): string =>
  max === Infinity ? `${min} and above` : min === -Infinity ? `${max} and below` : `${min} to ${max}`
