import { services } from '@gavel/contracts/services.ts'
import { expect, test } from 'vitest'
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
import { aContext } from '../a-platform.ts'
import { plainVariables, secretVariables } from './environment.ts'

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
  'payment/apiKey': 'key',
  'mail/url': 'smtp://mail:587'
}

/** As the kubelet makes it: the ConfigMap, then each variable, with $(NAME) replaced by one before it. */
function asInPod(name: string): Record<string, string> {
  const service = services.find((each) => each.name === name)
  if (!service) throw new Error(`no service ${name}`)
  const context = aContext({
    telemetry: { otlpEndpoint: 'http://collector:4318' },
    gateway: { origins: ['https://a.example'] }
  })
  const env = plainVariables(context, service)
  for (const variable of secretVariables(context, service)) {
    if ('valueFrom' in variable) {
      const { name: secret, key } = variable.valueFrom.secretKeyRef
      env[variable.name] = secrets[`${secret}/${key}`] ?? ''
    } else env[variable.name] = variable.value.replace(/\$\((\w+)\)/g, (_all, other: string) => env[other] ?? '')
  }
  return env
}

test.each(services.map(({ name }) => name))('%s finds in its pod all that its configuration asks for', (name) => {
  const read = readers[name]
  expect(read, 'add its reader to this test').toBeDefined()
  expect(() => read?.(asInPod(name))).not.toThrow()
})

test('a service has the database of its own name, and only the Secrets it needs', () => {
  expect(asInPod('order')['POSTGRES_URL']).toBe('postgres://user:secret@postgres:5432/order')
  expect(asInPod('bidding')['MONGODB_DATABASE']).toBe('bidding')
  for (const { name } of services) {
    const env = asInPod(name)
    expect('KEY_ENCRYPTION_KEY' in env, name).toBe(name === 'identity')
    expect('SEALING_KEY' in env, name).toBe(name === 'bidding')
    expect('PROVIDER_API_KEY' in env, name).toBe(name === 'payment')
    expect('SMTP_URL' in env, name).toBe(name === 'notification' || name === 'identity')
  }
})

test('every service is told where its log is shipped to', () => {
  for (const { name } of services)
    expect(asInPod(name)['LOG_KAFKA_BROKERS'], name).toBe('kafka-0.kafka:9092,kafka-1.kafka:9092')
})
