import type { BuildContext } from './resources/metadata.ts'
import type { PlatformResource, PlatformSpec, PlatformStatus } from './types.ts'

/** For tests: a Platform that is valid by default. */
export const aSpec = (more: Partial<PlatformSpec> = {}): PlatformSpec => ({
  version: '1.0.0',
  image: { prefix: 'registry.example/gavel-' },
  backends: {
    kafka: { brokers: ['kafka-0.kafka:9092', 'kafka-1.kafka:9092'] },
    postgres: { secretRef: { name: 'postgres' } },
    mongodb: { secretRef: { name: 'mongodb' } },
    redis: { secretRef: { name: 'redis' } }
  },
  bidding: { sealingKeySecretRef: { name: 'bidding' } },
  identity: { keyEncryptionSecretRef: { name: 'identity' }, adminSecretRef: { name: 'admin' } },
  payment: { provider: { url: 'https://pay.example', secretRef: { name: 'payment' } } },
  mail: { secretRef: { name: 'mail' } },
  ...more
})

/** The same with every secret in Vault. */
export const vaultSpec: Pick<PlatformSpec, 'vault' | 'backends' | 'bidding' | 'identity' | 'payment' | 'mail'> = {
  vault: { address: 'https://vault.vault.svc:8200', kubernetes: {} },
  backends: {
    kafka: { brokers: ['kafka-0.kafka:9092', 'kafka-1.kafka:9092'] },
    postgres: { secretRef: { vaultPath: 'gavel/{service}/postgres' } },
    mongodb: { secretRef: { vaultPath: 'gavel/{service}/mongodb' } },
    redis: { secretRef: { vaultPath: 'gavel/{service}/redis' } }
  },
  bidding: { sealingKeySecretRef: { vaultPath: 'gavel/bidding' } },
  identity: { keyEncryptionSecretRef: { vaultPath: 'gavel/identity' }, adminSecretRef: { vaultPath: 'gavel/admin' } },
  payment: { provider: { url: 'https://pay.example', secretRef: { vaultPath: 'gavel/payment' } } },
  mail: { secretRef: { vaultPath: 'gavel/mail' } }
}

export const aPlatform = (spec: Partial<PlatformSpec> = {}, status?: PlatformStatus): PlatformResource => ({
  metadata: {
    name: 'gavel',
    namespace: 'shop',
    uid: 'platform-uid',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z'
  },
  spec: aSpec(spec),
  ...(status ? { status } : {})
})

export const aContext = (
  spec: Partial<PlatformSpec> = {},
  kinds = ['KafkaTopic', 'Scaler', 'HealthCheck']
): BuildContext => {
  const platform = aPlatform(spec)
  return { platform, spec: platform.spec, kinds: new Set(kinds) }
}
