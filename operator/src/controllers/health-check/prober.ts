import type { GroupMemory } from '@gavel/platform/probes/consumer-group.ts'
import { failing, inconclusive, judgeTcp } from '@gavel/platform/probes/finding.ts'
import { probeTcp } from '@gavel/platform/probes/tcp.ts'
import type { KubeClient, KubeObject, ResourceKind } from '../../kube/client.ts'
import type { KafkaAdminPort } from '../../kafka/admin-port.ts'
import { checkConsumerGroup, createGroupReader } from './probes/consumer-group.ts'
import type { ProbeContext, Probed } from './probes/context.ts'
import { checkHttp } from './probes/http.ts'
import { checkPrometheus } from './probes/prometheus.ts'
import { checkRollout } from './probes/rollout.ts'
import { createSaleProbe } from './probes/synthetic-sale.ts'
import { settingsOf, targetOf } from './settings.ts'
import type { HealthCheckResource } from './types.ts'

export type Prober = (resource: HealthCheckResource, memory: GroupMemory, signal: AbortSignal) => Promise<Probed>

/** How long a Secret that was read is good for: a rotated one is noticed within it, and hundreds of checks do not read it each time. */
const secretMs = 30_000

const secrets: ResourceKind = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true }

/** Probes of every kind, each within its time. What cannot be asked is a finding too, so nothing is thrown. */
export function createProber(options: {
  client: KubeClient
  kafka: KafkaAdminPort | undefined
  now: () => Date
}): Prober {
  const { client, kafka, now } = options
  const groups = kafka ? createGroupReader(kafka) : undefined
  const readSecret = createSecretReader(client, now)
  const checkSale = createSaleProbe(now)
  return async (resource, memory, signal) => {
    const { spec, metadata } = resource
    const namespace = metadata.namespace ?? 'default'
    const context: ProbeContext = {
      target: targetOf(spec),
      namespace,
      timeoutMs: settingsOf(spec).timeoutMs,
      signal,
      memory,
      readSecret: (name) => readSecret(namespace, name)
    }
    try {
      return await probe(context)
    } catch (thrown) {
      return { finding: inconclusive(thrown instanceof Error ? thrown.message : String(thrown)) }
    }

    async function probe(given: ProbeContext): Promise<Probed> {
      const { http, tcp, consumerGroup, prometheus, rollout, syntheticSale } = spec
      if (http) return { finding: await checkHttp(http, given) }
      if (tcp) return { finding: judgeTcp(given.target, await probeTcp(tcp.host, tcp.port, given)) }
      if (consumerGroup) return checkConsumerGroup(consumerGroup, groups, given, now)
      if (prometheus) return { finding: await checkPrometheus(prometheus, given) }
      if (rollout) return { finding: await checkRollout(rollout, client, given) }
      if (syntheticSale) return { finding: await checkSale(syntheticSale, metadata.uid ?? '', given) }
      return { finding: failing('The spec names nothing to probe') }
    }
  }
}

function createSecretReader(client: KubeClient, now: () => Date) {
  const read = new Map<string, { atMs: number; values: Promise<Record<string, string> | null> }>()
  return (namespace: string, name: string): Promise<Record<string, string> | null> => {
    const key = `${namespace}/${name}`
    const atMs = now().getTime()
    const known = read.get(key)
    if (known && atMs - known.atMs < secretMs) return known.values
    for (const [old, entry] of read) if (atMs - entry.atMs >= secretMs) read.delete(old)
    const values = client.find(secrets, namespace, name).then((secret) => (secret ? valuesOf(secret) : null))
    read.set(key, { atMs, values })
    values.catch(() => read.delete(key))
    return values
  }
}

const valuesOf = (secret: KubeObject): Record<string, string> =>
  Object.fromEntries(
    Object.entries((secret['data'] ?? {}) as Record<string, string>).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString().trim()
    ])
  )
