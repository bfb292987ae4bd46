import { inconclusive, judgeRange, type Finding, type Sample } from '@gavel/platform/probes/finding.ts'
import { askHttp } from '@gavel/platform/probes/http.ts'
import type { PrometheusCheck } from '../spec.ts'
import type { ProbeContext } from './context.ts'

/** Prometheus away, or a query it does not understand, says nothing of what the query is about. */
export async function checkPrometheus(check: PrometheusCheck, context: ProbeContext): Promise<Finding> {
  const { target, timeoutMs, signal } = context
  const url = new URL(`${check.url.replace(/\/$/, '')}/api/v1/query`)
  url.searchParams.set('query', check.query)
  const answer = await askHttp(url.toString(), { timeoutMs, signal, bodyLimitBytes: 1024 * 1024 })
  if (!answer.answered) return inconclusive(`Prometheus cannot be asked: ${answer.error}`)
  const samples = samplesOf(answer.text)
  if (answer.status !== 200 || samples === undefined) {
    return inconclusive(`Prometheus answered ${answer.status}: ${errorOf(answer.text)}`)
  }
  const { min, max } = check
  return judgeRange(target, { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) }, samples)
}

interface QueryAnswer {
  error?: string
  data?: { resultType?: string; result?: unknown }
}

function parse(text: string): QueryAnswer {
  try {
    return (JSON.parse(text) ?? {}) as QueryAnswer
  } catch {
    return {}
  }
}

const errorOf = (text: string): string => (parse(text).error ?? 'no result').slice(0, 300)

/** `undefined` when the answer holds neither a scalar nor a vector. */
export function samplesOf(text: string): Sample[] | undefined {
  const { data } = parse(text)
  if (data?.resultType === 'scalar') return [{ name: '', value: Number((data.result as [number, string])[1]) }]
  if (data?.resultType !== 'vector') return undefined
  return (data.result as { metric: Record<string, string>; value: [number, string] }[]).map(({ metric, value }) => ({
    name: Object.entries(metric)
      .filter(([label]) => label !== '__name__')
      .map(([label, named]) => `${label}=${named}`)
      .join(','),
    value: numberOf(value[1])
  }))
}

/** Prometheus writes infinities in its own way. */
const numberOf = (text: string): number => (text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text))
