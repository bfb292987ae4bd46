import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { services, serviceNamed } from '@gavel/contracts/services.ts'
import { giveVaultValue, postgresConfig } from '@gavel/platform/config.ts'
import { afterAll, describe, expect, test } from 'vitest'
import { readBiddingConfig } from '../../../../../services/bidding/src/config.ts'
import { catalogConfig } from '../../../../../services/catalog/src/config.ts'
import { readEventlogConfig } from '../../../../../services/eventlog/src/config.ts'
import { healthConfig } from '../../../../../services/health/src/config.ts'
import { identityConfig } from '../../../../../services/identity/src/config.ts'
import { readInventoryConfig } from '../../../../../services/inventory/src/config.ts'
import { readLogsConfig } from '../../../../../services/logs/src/config.ts'
import { readNotificationConfig } from '../../../../../services/notification/src/config.ts'
import { readOrderConfig } from '../../../../../services/order/src/config.ts'
import { readPaymentConfig } from '../../../../../services/payment/src/config.ts'
import { webConfig } from '../../../../../services/web/src/config.ts'
import { aContext, vaultSpec } from '../a-platform.ts'
import { environmentInPod } from '../a-pod.ts'
import { plainVariables } from './environment.ts'

const readers: Record<string, (env: Record<string, string>) => unknown> = {
  identity: identityConfig,
  catalog: catalogConfig,
  bidding: readBiddingConfig,
  inventory: readInventoryConfig,
  payment: readPaymentConfig,
  order: readOrderConfig,
  notification: readNotificationConfig,
  eventlog: readEventlogConfig,
  logs: readLogsConfig,
  health: healthConfig,
  web: webConfig
}

/** What the Secrets of the test hold, by name and key. */
const secrets: Record<string, string> = {
  'postgres/url': 'postgres://user:secret@postgres:5432',
  'mongodb/url': 'mongodb://user:secret@mongodb:27017/?replicaSet=rs0',
  'redis/url': 'redis://redis:6379',
  'identity/key': Buffer.alloc(32, 1).toString('base64'),
  'admin/email': 'admin@example.org',
  'admin/password': 'a long one',
  'bidding/key': Buffer.alloc(32, 2).toString('base64'),
  'payment/apiKey': 'key',
  'mail/url': 'smtp://mail:587'
}

const folder = mkdtempSync(join(tmpdir(), 'gavel-pods-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const spec = {
  telemetry: { otlpEndpoint: 'http://collector:4318' },
  gateway: { origins: ['https://a.example'] }
}

const asInPod = (name: string): Record<string, string> =>
  environmentInPod(aContext(spec), serviceNamed(name), folder, (secret, key) => secrets[`${secret}/${key}`] ?? '')

/** As Vault answers, at the paths of the test. */
function fromVault(name: string): Record<string, string> {
  const env = plainVariables(aContext({ ...spec, ...vaultSpec }), serviceNamed(name))
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.endsWith('_VAULT')) continue
    const [path, key] = value.replace(`/${name}/`, '/').replace('gavel/', '').split('#')
    giveVaultValue(variable.replace(/_VAULT$/, ''), secrets[`${path}/${key}`] ?? '')
  }
  return env
}

const all = services.map(({ name }) => name)
describe.each([
  ['Secrets', asInPod],
  ['Vault', fromVault]
])('with its secrets from %s', (_where, environment) => {
  test.each(all)('%s finds in its pod all that its configuration asks for', (name) => {
    const read = readers[name]
    expect(read, 'add its reader to this test').toBeDefined()
    expect(() => read?.(environment(name))).not.toThrow()
  })

  test('a service has the database of its own name, and is told of the secrets that it needs and of no others', () => {
    expect(postgresConfig(environment('order')).url.reveal()).toBe('postgres://user:secret@postgres:5432/order')
    expect(environment('bidding')['MONGODB_DATABASE']).toBe('bidding')
    for (const name of all) {
      const told = Object.keys(environment(name)).map((variable) => variable.replace(/_(FILE|VAULT)$/, ''))
      expect(told.includes('KEY_ENCRYPTION_KEY'), name).toBe(name === 'identity')
      expect(told.includes('SEALING_KEY'), name).toBe(name === 'bidding')
      expect(told.includes('PROVIDER_API_KEY'), name).toBe(name === 'payment')
      expect(told.includes('SMTP_URL'), name).toBe(name === 'notification' || name === 'identity')
    }
  })

  test('no secret is in what stands in a ConfigMap', () => {
    for (const name of all) {
      const text = JSON.stringify(environment(name))
      for (const value of Object.values(secrets)) expect(text).not.toContain(`"${value}"`)
    }
  })
})

test('every service is told where its log is shipped to', () => {
  for (const name of all) expect(asInPod(name)['LOG_KAFKA_BROKERS'], name).toBe('kafka-0.kafka:9092,kafka-1.kafka:9092')
})
