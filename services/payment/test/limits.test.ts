import { afterAll, beforeAll, expect, test } from 'vitest'
import { startHarness, type Harness } from './harness.ts'

let payment: Harness
beforeAll(async () => {
  payment = await startHarness({ CAPTURE_TIMEOUT_MS: '400', PAYMENT_RETRY_INITIAL_MS: '1000' })
  await payment.start()
})
afterAll(async () => await payment?.stop())

test('a capture without an answer in time is closed at the provider and declined, and never taken later', async () => {
  const sale = await payment.sale('4000000000000341')
  await payment.reserved(sale)
  expect(await payment.toldOf(sale, 'PaymentDeclined')).toEqual(['PaymentDeclined'])
  expect(payment.told.find(({ key }) => key === sale.orderNumber)?.data).toMatchObject({
    reason: 'PAYMENT_DECLINED',
    providerCode: 'provider_unreachable'
  })
  expect(await payment.sandbox.charge(sale.orderNumber)).toMatchObject({ status: 'cancelled' })
})

test('a charge whose answer was lost counts as captured even after that time, because it was', async () => {
  const sale = await payment.sale('4000000000000119')
  await payment.reserved(sale)
  expect(await payment.toldOf(sale, 'PaymentCaptured')).toEqual(['PaymentCaptured'])
  expect(await payment.sandbox.charge(sale.orderNumber)).toMatchObject({ status: 'captured' })
})

test('two processes share the work: every sale is charged once', async () => {
  await payment.startAnother()
  const sales = await Promise.all(Array.from({ length: 150 }, () => payment.sale('4242424242424242')))
  await payment.reserved(...sales)
  await payment.failed(...sales.slice(0, 50))
  for (const sale of sales.slice(50)) expect(await payment.toldOf(sale, 'PaymentCaptured')).toEqual(['PaymentCaptured'])
  for (const sale of sales.slice(0, 50)) {
    const status = await payment.ends(sale, ['cancelled', 'refunded'])
    const charge = await payment.sandbox.charge(sale.orderNumber)
    expect(charge?.status ?? 'cancelled').toBe(status)
  }
  const keys = (await payment.sandbox.charges()).map(({ key }) => key)
  expect(new Set(keys).size).toBe(keys.length)
})
