import { services } from '@gavel/contracts/services.ts'
import { expect, test } from 'vitest'
import { type PlanInput, planProcesses, withDatabase } from './plan.ts'
import { portTable, type Ports } from './port-table.ts'

function anInput(change: Partial<PlanInput> = {}): PlanInput {
  const replicas = change.replicas ?? {}
  const ports = Object.fromEntries(
    Object.entries(portTable(replicas)).map(([name, { offset }]) => [name, 18_000 + offset])
  )
  return {
    urls: { kafka: 'k:1', mongodb: 'mongodb://m/', postgres: 'postgres://p@h:5', redis: 'redis://r' },
    ports: ports as Ports,
    replicas,
    secrets: {
      adminPassword: 'unused',
      bidderPassword: 'unused',
      providerApiKey: 'provider-key',
      keyEncryptionKey: 'encryption-key',
      sealingKey: 'sealing-key'
    },
    admin: { email: 'admin@example.com', password: 'admin-password' },
    data: '/data',
    ...change
  }
}

const planned = (change: Partial<PlanInput> = {}) =>
  new Map(planProcesses(anInput(change)).map((plan) => [plan.name, plan]))

test('no two processes share a port', () => {
  const offsets = Object.values(portTable({ bidding: 4, order: 4 })).map(({ offset }) => offset)
  expect(new Set(offsets).size).toBe(offsets.length)
})

test.each(services.filter(({ stores }) => stores.includes('postgres')))(
  '$name has a PostgreSQL database of its name',
  ({ name }) => {
    expect(planned().get(name)!.env['POSTGRES_URL']).toBe(`postgres://p@h:5/${name}`)
  }
)

test.each(services.filter(({ stores }) => stores.includes('mongodb')))(
  '$name has a MongoDB database of its name',
  ({ name }) => {
    expect(planned().get(name)!.env['MONGODB_DATABASE']).toBe(name)
  }
)

test('every service of the contract has a process', () => {
  expect([...planned().keys()]).toEqual(expect.arrayContaining(services.map(({ name }) => name)))
})

test('a secret reaches the one service it belongs to and no other', () => {
  const holders = (secret: string) =>
    [...planned().values()].filter(({ env }) => Object.values(env).includes(secret)).map(({ name }) => name)
  expect(holders('encryption-key')).toEqual(['identity'])
  expect(holders('admin-password')).toEqual(['identity'])
  expect(holders('provider-key').toSorted()).toEqual(['payment', 'provider'])
})

test('a service without a store is not told where it is', () => {
  expect(Object.keys(planned().get('web')!.env)).not.toContain('POSTGRES_URL')
})

test('every service ships its log, those too that have nothing else to do with Kafka', () => {
  for (const { name } of services) expect(planned().get(name)!.env['LOG_KAFKA_BROKERS'], name).toBe('k:1')
})

test('replicas are processes of one service with ports of their own', () => {
  const plans = planned({ replicas: { bidding: 2 } })
  expect(plans.get('bidding-2')!.entry).toBe(plans.get('bidding')!.entry)
  expect(plans.get('bidding-2')!.port).not.toBe(plans.get('bidding')!.port)
  expect(plans.get('bidding-2')!.env['MONGODB_DATABASE']).toBe('bidding')
})

test("one service's variables win over everybody's", () => {
  const plans = planned({ env: { LOG_LEVEL: 'warn' }, serviceEnv: { order: { LOG_LEVEL: 'debug' } } })
  expect(plans.get('order')!.env['LOG_LEVEL']).toBe('debug')
  expect(plans.get('payment')!.env['LOG_LEVEL']).toBe('warn')
})

test('a database name goes before the parameters of a URL', () => {
  expect(withDatabase('postgres://u:p@host:5432?sslmode=require', 'order')).toBe(
    'postgres://u:p@host:5432/order?sslmode=require'
  )
})
