import { storePaymentMethod } from '@gavel/contracts/api/payment.ts'
import { setStock } from '@gavel/contracts/api/inventory.ts'
import { countSales } from '@gavel/contracts/api/order.ts'
import { openAdmin } from '@gavel/standalone/client/admin.ts'
import { createGateway, type Gateway } from '@gavel/standalone/client/gateway.ts'
import type { Platform } from '@gavel/standalone/platform.ts'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { KubeClient, type ResourceKind } from '../src/kube/client.ts'
import { ControllerRuntime } from '../src/kube/runtime.ts'
import { addHealthCheckController } from '../src/controllers/health-check/register.ts'
import { healthCheck, type HealthCheckResource } from '../src/controllers/health-check/types.ts'
import { startApiServer, type ApiServer } from '../../test/cluster/api-server.ts'
import { eventually } from '../../test/support/eventually.ts'
import { freshPlatform } from '../../test/support/platform.ts'
import { applyCrds } from './apply-crds.ts'

const secrets: ResourceKind = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true }

describe('a synthetic sale on a whole platform', () => {
  const productId = 'canary-product'
  let api: ApiServer
  let platform: Platform
  let gateway: Gateway
  let token: string
  let client: KubeClient
  let runtime: ControllerRuntime

  beforeAll(async () => {
    api = await startApiServer({
      binaries: inject('kubernetesBinaries'),
      directory: inject('temporaryDirectory') + '/health-check-sale'
    })
    client = new KubeClient(api.config)
    await applyCrds(client)
    platform = await freshPlatform({
      durable: false,
      rateLimits: 'off',
      services: ['identity', 'bidding', 'inventory', 'payment', 'order']
    })
    gateway = createGateway(platform.url)
    token = await (await openAdmin(gateway, platform.admin)).token()
    runtime = new ControllerRuntime({ client, health: { host: '127.0.0.1', port: 0 } })
    addHealthCheckController({ runtime, client, instance: 'test' })
    await runtime.start()
  })
  afterAll(async () => {
    await runtime?.stop()
    await gateway?.close()
    await platform?.stop()
    await api?.stop()
  })

  const turns = (outcome: string, message = /./) =>
    eventually(
      async () => {
        const { status } = await client.get<HealthCheckResource>(healthCheck, 'default', 'sale')
        return status?.outcome === outcome && message.test(status.message ?? '')
      },
      { what: `the sale to be ${outcome} with ${message.source}`, withinMs: 60_000 }
    )
  const counted = (of?: string) =>
    gateway.call(countSales, { query: of === undefined ? {} : { productId: of } }, { token })

  test('says what it still needs, passes once it has it, counts in no figure, and names the step that is away', async () => {
    const spec = {
      syntheticSale: { gatewayUrl: platform.url, credentialsSecret: 'canary', productId, orderWithinSeconds: 8 },
      intervalSeconds: 1,
      failureThreshold: 1
    }
    await client.apply(healthCheck, { metadata: { namespace: 'default', name: 'sale' }, spec }, 'test')
    await turns('Inconclusive', /Secret canary/)
    const data = Object.fromEntries(
      Object.entries(platform.admin).map(([key, value]) => [key, Buffer.from(value).toString('base64')])
    )
    await client.create(secrets, { metadata: { namespace: 'default', name: 'canary' }, data })
    // A Secret that was read is good for a while; another name is read at once.
    await client.create(secrets, { metadata: { namespace: 'default', name: 'canary-account' }, data })
    await client.patch(healthCheck, 'default', 'sale', {
      spec: { syntheticSale: { credentialsSecret: 'canary-account' } }
    })
    await turns('Inconclusive', /no stock/)
    await gateway.call(setStock, { params: { productId }, body: { available: 1_000 } }, { token, repeatable: true })
    await turns('Inconclusive', /no payment method/)
    const before = await counted()
    const card = { cardNumber: '4242424242424242', expiryMonth: 12, expiryYear: 2099, code: '123' }
    await gateway.call(storePaymentMethod, { body: card }, { token, repeatable: true })
    await turns('Passing', /became an order/)
    expect((await counted(productId)).ordered).toBeGreaterThan(0)
    expect(await counted()).toEqual(before)

    await platform.service('payment').kill('SIGKILL')
    await turns('Failing', /payment has not captured it/)
    await platform.service('payment').start()
    await turns('Passing')
  })
})
