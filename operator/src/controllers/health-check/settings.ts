import type { Thresholds } from '@gavel/platform/probes/verdict.ts'
import { probeKinds, type HealthCheckSpec } from './spec.ts'

export type ProbeKind = (typeof probeKinds)[number]

export interface CheckSettings {
  intervalMs: number
  timeoutMs: number
  thresholds: Thresholds
}

/** What an absent interval means. A group is asked often, because many are asked in one request and a dead member is urgent. */
const intervalSeconds: Record<ProbeKind, number> = {
  http: 10,
  tcp: 10,
  consumerGroup: 2,
  prometheus: 30,
  rollout: 10,
  syntheticSale: 60
}

/** The API server lets exactly one through; what was stored before that rule falls to the first. */
export const kindOf = (spec: HealthCheckSpec): ProbeKind =>
  probeKinds.find((kind) => spec[kind] !== undefined) ?? 'http'

export function settingsOf(spec: HealthCheckSpec): CheckSettings {
  const kind = kindOf(spec)
  return {
    intervalMs: (spec.intervalSeconds ?? intervalSeconds[kind]) * 1000,
    timeoutMs: (spec.timeoutSeconds ?? 5) * 1000,
    thresholds: {
      // A broker drops a member only after its own patience: there is nothing to wait for any more.
      failures: spec.failureThreshold ?? (kind === 'consumerGroup' ? 1 : 3),
      successes: spec.successThreshold ?? 1,
      history: spec.historyLimit ?? 10
    }
  }
}

/** How people are told what is probed. Addresses go without user, query and fragment, which may hold secrets. */
export function targetOf(spec: HealthCheckSpec): string {
  const { http, tcp, consumerGroup, prometheus, rollout, syntheticSale } = spec
  if (http) return `${http.method ?? 'GET'} ${addressOf(http.url)}`
  if (tcp) return `tcp ${tcp.host}:${tcp.port}`
  if (consumerGroup) return `group ${consumerGroup.group}`
  if (prometheus) return `query ${prometheus.query.replace(/\s+/g, ' ').slice(0, 200)}`
  if (rollout) return `${rollout.kind} ${rollout.name}`
  return `sale of ${syntheticSale?.productId} at ${addressOf(syntheticSale?.gatewayUrl ?? '')}`
}

function addressOf(url: string): string {
  if (!URL.canParse(url)) return url.slice(0, 200)
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}
