import { services, serviceNamed } from '@gavel/contracts/services.ts'
import { describe, expect, test } from 'vitest'
import { aContext, vaultSpec } from '../a-platform.ts'
import { migrationPolicies, servicePolicies } from './network.ts'
import { migrationJob } from './migration.ts'
import { readsVault, secretFolders, secretVariables } from './secrets.ts'
import { serviceConfigMap, serviceDeployment } from './workload.ts'

const order = serviceNamed('order')

describe('a URL out of a Secret', () => {
  const of = (postgres: { secretRef: { name: string; key?: string }; urlTemplate?: string }) => {
    const context = aContext({ backends: { ...aContext().spec.backends, postgres } })
    return { variables: secretVariables(context, order), sources: secretFolders(context, order)[0]?.volume.projected }
  }
  const sources = (name: string, key: string) => ({
    defaultMode: 0o440,
    sources: [{ secret: { name, items: [{ key, path: 'POSTGRES_URL' }] } }]
  })
  const file = { POSTGRES_URL_FILE: '/var/run/secrets/gavel/POSTGRES_URL' }

  test('a Secret for each service with the whole URL', () => {
    expect(of({ secretRef: { name: '{service}-app', key: 'uri' }, urlTemplate: '$(SECRET)' })).toEqual({
      variables: file,
      sources: sources('order-app', 'uri')
    })
  })

  test('a password in a template', () => {
    const urlTemplate = 'postgres://gavel:$(SECRET)@pg/{service}?sslmode=require'
    expect(of({ secretRef: { name: 'pg', key: 'password' }, urlTemplate })).toEqual({
      variables: { ...file, POSTGRES_URL_TEMPLATE: 'postgres://gavel:$(SECRET)@pg/order?sslmode=require' },
      sources: sources('pg', 'password')
    })
  })
})

describe('secrets in Vault', () => {
  const context = aContext(vaultSpec)

  test('a pod is told where they are, and proves itself by a token of its ServiceAccount that is for Vault alone', () => {
    expect(secretVariables(context, order)).toEqual({
      POSTGRES_URL_VAULT: 'gavel/order/postgres#url',
      POSTGRES_URL_TEMPLATE: '$(SECRET)/order',
      VAULT_ADDR: 'https://vault.vault.svc:8200',
      VAULT_MOUNT: 'secret',
      VAULT_ROLE: 'gavel-order',
      VAULT_KUBERNETES_MOUNT: 'kubernetes',
      VAULT_KUBERNETES_TOKEN_FILE: '/var/run/secrets/vault/token',
      VAULT_REFRESH_MS: '60000'
    })
    expect(secretFolders(context, order)).toEqual([
      {
        volume: {
          name: 'vault',
          projected: {
            defaultMode: 0o440,
            sources: [{ serviceAccountToken: { audience: 'vault', expirationSeconds: 3600, path: 'token' } }]
          }
        },
        mount: { name: 'vault', mountPath: '/var/run/secrets/vault', readOnly: true }
      }
    ])
  })

  test('a token of Vault, an authority and places of one’s own', () => {
    const own = aContext({
      ...vaultSpec,
      vault: {
        address: 'https://vault.example',
        mount: 'kv/shop',
        namespace: 'team',
        tokenSecretRef: { name: 'vault-{service}' },
        caConfigMapRef: { name: 'authorities', key: 'root.pem' },
        refreshSeconds: 5
      },
      payment: { provider: { url: 'https://pay.example', secretRef: { name: 'payment' } } }
    })
    const payment = serviceNamed('payment')
    expect(secretVariables(own, payment)).toEqual({
      POSTGRES_URL_VAULT: 'gavel/payment/postgres#url',
      POSTGRES_URL_TEMPLATE: '$(SECRET)/payment',
      PROVIDER_API_KEY_FILE: '/var/run/secrets/gavel/PROVIDER_API_KEY',
      VAULT_ADDR: 'https://vault.example',
      VAULT_MOUNT: 'kv/shop',
      VAULT_NAMESPACE: 'team',
      VAULT_TOKEN_FILE: '/var/run/secrets/vault/token',
      VAULT_CACERT: '/var/run/secrets/vault/ca.crt',
      VAULT_REFRESH_MS: '5000'
    })
    const projected = (sources: unknown[]) => ({ defaultMode: 0o440, sources })
    expect(secretFolders(own, payment).map(({ volume }) => volume)).toEqual([
      {
        name: 'secrets',
        projected: projected([{ secret: { name: 'payment', items: [{ key: 'apiKey', path: 'PROVIDER_API_KEY' }] } }])
      },
      {
        name: 'vault',
        projected: projected([
          { secret: { name: 'vault-payment', items: [{ key: 'token', path: 'token' }] } },
          { configMap: { name: 'authorities', items: [{ key: 'root.pem', path: 'ca.crt' }] } }
        ])
      }
    ])
    expect(servicePolicies(own, payment)[0]?.object['spec']).toMatchObject({
      egress: [{}, { ports: [443, 5432, 9092].map((port) => ({ protocol: 'TCP', port })) }]
    })
  })

  test('who has no secret is told nothing of it, and has no token', () => {
    const without = services.filter((service) => !readsVault(context, service))
    expect(without.map(({ name }) => name).toSorted()).toEqual(
      services
        .filter(({ stores }) => stores.every((store) => store === 'kafka'))
        .map(({ name }) => name)
        .toSorted()
    )
    expect(without.length).toBeGreaterThan(0)
    for (const service of without) {
      expect(secretFolders(context, service)).toEqual([])
      expect(serviceConfigMap(context, service).object['data']).not.toHaveProperty('VAULT_ADDR')
    }
    expect(services.filter((service) => readsVault(aContext({ vault: vaultSpec.vault! }), service))).toEqual([])
  })

  test('Vault is reached by whoever reads there, its migration too, and by nobody else', () => {
    const ports = ([policy]: { object: Record<string, unknown> }[]): number[] =>
      ((policy?.object['spec'] as { egress?: { ports: { port: number }[] }[] } | undefined)?.egress ?? []).flatMap(
        (rule) => rule.ports.map(({ port }) => port)
      )
    for (const service of services) {
      expect(ports(servicePolicies(context, service)).includes(8200), service.name).toBe(readsVault(context, service))
    }
    expect(ports(migrationPolicies(context, order))).toEqual([5432, 8200])
    expect(ports(migrationPolicies(aContext(), order))).toEqual([5432])
  })

  test('neither a Deployment nor a migration names a Secret', () => {
    for (const service of services) {
      const text = JSON.stringify([serviceDeployment(context, service), migrationJob(context, service)])
      expect(text).not.toMatch(/"secret"|secretKeyRef/)
      expect(text.includes('serviceAccountToken')).toBe(readsVault(context, service))
    }
  })
})
