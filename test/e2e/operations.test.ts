import { randomBytes } from 'node:crypto'
import { openAuction, placeBid } from '@gavel/contracts/api/bidding.ts'
import { addProduct } from '@gavel/contracts/api/catalog.ts'
import { readHealth, readPlatformReadiness } from '@gavel/contracts/api/health.ts'
import { register } from '@gavel/contracts/api/identity.ts'
import { setStock } from '@gavel/contracts/api/inventory.ts'
import { listLogs } from '@gavel/contracts/api/logs.ts'
import { readOrder } from '@gavel/contracts/api/order.ts'
import { storePaymentMethod } from '@gavel/contracts/api/payment.ts'
import { listEvents, verifyEvents } from '@gavel/contracts/api/eventlog.ts'
import { openAdmin } from '@gavel/standalone/client/admin.ts'
import { createGateway, type Gateway } from '@gavel/standalone/client/gateway.ts'
import { services } from '@gavel/contracts/services.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { sharedPlatform } from '../support/platform.ts'

/** What an admin sees of one sale and of the platform, through the gateway. */
describe('operations seen by an admin', () => {
  let gateway: Gateway
  let token: string
  let buyer: string
  let orderNumber: string

  beforeAll(async () => {
    const { url, admin } = sharedPlatform()
    gateway = createGateway(url)
    token = await (await openAdmin(gateway, admin)).token()
    const productId = `product-${randomBytes(6).toString('hex')}`
    await gateway.call(addProduct, { body: { productId, title: 'A lamp' } }, { token })
    await gateway.call(setStock, { params: { productId }, body: { available: 2 } }, { token })
    const { auctionId } = await gateway.call(
      openAuction,
      {
        body: {
          productId,
          title: 'A lamp',
          mode: 'fixed-price',
          currency: 'USD',
          openingPriceMinor: 1500,
          quantity: 2,
          endsAt: Date.now() + 3_600_000
        }
      },
      { token }
    )
    const email = `operations.${randomBytes(6).toString('hex')}@e2e.example`
    const password = randomBytes(18).toString('base64url')
    const account = await gateway.call(register, { body: { email, password, displayName: 'Buyer' } })
    buyer = account.accessToken
    const card = { cardNumber: '4242424242424242', expiryMonth: 12, expiryYear: 2099, code: '123' }
    await gateway.call(storePaymentMethod, { body: card }, { token: buyer })
    const receipt = await gateway.call(
      placeBid,
      { params: { auctionId }, body: { bidId: 'lamp', amountMinor: 1500 } },
      { token: buyer }
    )
    orderNumber = receipt.orderNumber ?? ''
    await eventually(() => gateway.call(readOrder, { params: { orderNumber } }, { token: buyer }).catch(() => false))
  })
  afterAll(() => gateway.close())

  test('the event log tells the whole story of a sale, in order, and its chain verifies', async () => {
    const story = ['StockReserved', 'PaymentCaptured', 'OrderCreated']
    const events = await eventually(
      async () => {
        const { items } = await gateway.call(listEvents, { query: { key: orderNumber, limit: 100 } }, { token })
        return items.length >= story.length && items
      },
      { what: 'the sale to be in the log' }
    )
    const names = events.map(({ type }) => type.split('.')[1])
    // The events of one order come over several topics, so the log may hold them in another order than they happened.
    for (const name of story) expect(names.filter((each) => each === name)).toHaveLength(1)
    const { valid } = await gateway.call(
      verifyEvents,
      { query: { from: 1, to: events.at(-1)?.position ?? 1 } },
      { token }
    )
    expect(valid).toBe(true)
  })

  test('health names every service and consumer group, and all of them are up', async () => {
    const board = await eventually(
      async () => {
        const seen = await gateway.call(readHealth, {}, { token })
        return JSON.stringify(seen).includes('"down"') || JSON.stringify(seen).includes('"unknown"') ? false : seen
      },
      { what: 'everything to be up' }
    )
    const text = JSON.stringify(board)
    for (const { name, consumes } of services) {
      if (name !== 'health') expect(text).toContain(name)
      for (const topic of consumes) expect(text).toContain(`${name}.${topic.name}`)
    }
  })

  test('the logs of all services are found in one place, through the gateway', async () => {
    for (const { name } of services) {
      await eventually(
        async () => {
          const { items } = await gateway.call(listLogs, { query: { service: name, text: 'started' } }, { token })
          return items.length > 0
        },
        { what: `the log of ${name}` }
      )
    }
  })

  test('readiness answers those who send a token too, and others are kept out of operations', async () => {
    expect((await gateway.call(readPlatformReadiness, {}, { token: buyer })).status).toBe('ready')
    await expect(gateway.call(readHealth, {}, { token: buyer })).rejects.toThrow('FORBIDDEN')
    await expect(gateway.call(listEvents, {}, { token: buyer })).rejects.toThrow('FORBIDDEN')
    await expect(gateway.call(listLogs, {}, { token: buyer })).rejects.toThrow('FORBIDDEN')
  })
})
