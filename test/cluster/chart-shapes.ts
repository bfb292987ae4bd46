import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { repository } from '@gavel/standalone/config.ts'

/** The chart with the values that make different objects of it. */
const execute = promisify(execFile)
export const chart = join(repository, 'charts', 'gavel')

export interface Rendered {
  kind: string
  metadata: { name: string; namespace?: string; annotations?: Record<string, string> }
  spec?: Record<string, unknown>
  rules?: { apiGroups: string[]; resources: string[]; verbs: string[] }[]
}

export const external = {
  'backends.mode': 'external',
  'backends.external.kafka.brokers[0]': 'kafka:9092',
  'backends.external.postgres.secretRef.name': 'postgres',
  'backends.external.mongodb.secretRef.name': 'mongodb',
  'backends.external.redis.secretRef.name': 'redis',
  'payment.providerUrl': 'https://pay.example',
  'payment.existingSecret': 'payment',
  'mail.existingSecret': 'mail'
}
export const inVault = {
  ...Object.fromEntries(Object.entries(external).filter(([name]) => !/secretRef|existingSecret/.test(name))),
  'vault.address': 'https://vault.vault.svc:8200',
  'vault.caConfigMap': 'vault-ca',
  'backends.external.postgres.secretRef.vaultPath': 'gavel/{service}/postgres',
  'backends.external.mongodb.secretRef.vaultPath': 'gavel/mongodb',
  'backends.external.redis.secretRef.vaultPath': 'gavel/redis',
  'admin.vaultPath': 'gavel/admin',
  'identity.vaultPath': 'gavel/identity',
  'bidding.vaultPath': 'gavel/bidding',
  'payment.vaultPath': 'gavel/payment',
  'mail.vaultPath': 'gavel/mail'
}

export const shapes: Record<string, Record<string, string>> = {
  'with development backends': {},
  'with backends of one’s own': external,
  'with everything switched on': {
    ...external,
    'operator.scope': 'cluster',
    'operator.replicas': '2',
    'exposure.type': 'ingress',
    'monitoring.podMonitors.enabled': 'true',
    'monitoring.rules.enabled': 'true',
    'monitoring.dashboards.enabled': 'true'
  },
  'with its secrets in Vault': inVault,
  'through the Gateway API': { 'exposure.type': 'gatewayApi' }
}

/** What `helm template` says, in the namespace `auctions`. */
export async function rendered(
  helm: string,
  values: Record<string, string>,
  more: readonly string[] = []
): Promise<string> {
  const sets = Object.entries(values).flatMap(([name, value]) => ['--set', `${name}=${value}`])
  const { stdout } = await execute(helm, ['template', 'gavel', chart, '--namespace', 'auctions', ...sets, ...more], {
    maxBuffer: 64e6
  })
  return stdout
}
