import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { startHarness, type Harness } from './harness.ts'

const approves = '4242424242424242'
const losesAnswer = '4000000000000119'
const slow = '4000000000000077'

let payment: Harness
beforeAll(async () => {
  payment = await startHarness()
  await payment.start()
})
afterAll(async () => await payment?.stop())

describe('a reserved sale', () => {
  test('is captured once, however often it is heard of', async () => {
    const sale = await payment.sale(approves)
    await payment.reserved(sale, sale)
    await payment.reserved(sale)
    expect(await payment.toldOf(sale, 'PaymentCaptured')).toEqual(['PaymentCaptured'])
    expect(await payment.sandbox.charge(sale.orderNumber)).toMatchObject({ status: 'captured', amountMinor: 2_500 })
    const read = await payment.call(sale.userId, `/api/payments/${sale.orderNumber}`)
    expect(await read.json()).toMatchObject({ status: 'captured', amountMinor: 2_500, currency: 'EUR' })
  })

  test.each([
    ['4000000000000002', 'card_declined'],
    ['4000000000009995', 'insufficient_funds']
  ])('with card %s is declined: %s', async (card, providerCode) => {
    const sale = await payment.sale(card)
    await payment.reserved(sale)
    expect(await payment.toldOf(sale, 'PaymentDeclined')).toEqual(['PaymentDeclined'])
    expect(payment.told.find(({ key }) => key === sale.orderNumber)?.data).toMatchObject({
      reason: 'PAYMENT_DECLINED',
      providerCode
    })
  })

  test('of a buyer without a payment method is declined without asking the provider', async () => {
    const sale = await payment.sale()
    await payment.reserved(sale)
    expect(await payment.toldOf(sale, 'PaymentDeclined')).toEqual(['PaymentDeclined'])
    expect(payment.told.find(({ key }) => key === sale.orderNumber)?.data).toMatchObject({
      reason: 'PAYMENT_METHOD_MISSING'
    })
    expect(await payment.sandbox.charge(sale.orderNumber)).toBeUndefined()
  })

  test.each([
    ['whose answer is lost', losesAnswer],
    ['that fails twice with 500', '4000000000000341'],
    ['whose connection is cut', '4000000000000259']
  ])('%s is charged exactly once', async (_name, card) => {
    const sale = await payment.sale(card)
    await payment.reserved(sale)
    expect(await payment.toldOf(sale, 'PaymentCaptured')).toEqual(['PaymentCaptured'])
    expect((await payment.sandbox.charges()).filter(({ key }) => key === sale.orderNumber)).toMatchObject([
      { status: 'captured' }
    ])
  })

  test('that is sent again for this service is not charged, not even where its payment was lost', async () => {
    const sale = await payment.sale(approves)
    await payment.reserved(sale)
    await payment.toldOf(sale, 'PaymentCaptured')
    const charges = (await payment.sandbox.charges()).length
    const fenced = async (): Promise<number> => {
      const metrics = await (await payment.call(sale.userId, '/metrics')).text()
      return Number(/kafka_consumer_events_total\{[^}]*outcome="fenced"[^}]*\} (\d+)/.exec(metrics)?.[1] ?? 0)
    }
    await payment.reservedAgain(sale)
    await eventually(async () => (await fenced()) === 1)
    await payment.pool.query('delete from payments where order_number = $1', [sale.orderNumber])
    await payment.pool.query('delete from inbox')
    await payment.reservedAgain(sale)
    await eventually(async () => (await fenced()) === 2)
    expect(await payment.statusOf(sale)).toBeUndefined()
    expect(await payment.sandbox.charges()).toHaveLength(charges)
    expect(await payment.toldOf(sale, 'PaymentCaptured')).toEqual(['PaymentCaptured'])
  })

  test('is captured beside a hundred others', async () => {
    const sales = await Promise.all(Array.from({ length: 100 }, () => payment.sale(approves)))
    await payment.reserved(...sales)
    for (const sale of sales) expect(await payment.toldOf(sale, 'PaymentCaptured')).toEqual(['PaymentCaptured'])
  })
})

describe('a failed sale', () => {
  test('that was captured is refunded once', async () => {
    const sale = await payment.sale(approves)
    await payment.reserved(sale)
    await payment.toldOf(sale, 'PaymentCaptured')
    await payment.failed(sale, sale)
    expect(await payment.toldOf(sale, 'PaymentRefunded')).toEqual(['PaymentCaptured', 'PaymentRefunded'])
    expect(await payment.sandbox.charge(sale.orderNumber)).toMatchObject({ status: 'refunded' })
  })

  test('whose refund fails at first is refunded in the end', async () => {
    const sale = await payment.sale('4000000000005126')
    await payment.reserved(sale)
    await payment.toldOf(sale, 'PaymentCaptured')
    await payment.failed(sale)
    expect(await payment.toldOf(sale, 'PaymentRefunded')).toEqual(['PaymentCaptured', 'PaymentRefunded'])
  })

  test('that is heard of before its stock is never charged', async () => {
    const sale = await payment.sale(approves)
    await payment.failed(sale)
    await payment.reaches(sale, 'cancelled')
    const later = await payment.sale(approves)
    await payment.reserved(sale)
    await payment.reserved(later)
    await payment.toldOf(later, 'PaymentCaptured')
    expect(await payment.statusOf(sale)).toBe('cancelled')
    expect(await payment.sandbox.charge(sale.orderNumber)).toBeUndefined()
  })

  test.each([
    ['slow', slow],
    ['lost', losesAnswer]
  ])('while the answer to its capture is %s ends with the money back', async (_name, card) => {
    const sale = await payment.sale(card)
    await payment.reserved(sale)
    await payment.reaches(sale, 'capturing')
    await payment.failed(sale)
    await payment.ends(sale, ['cancelled', 'refunded'])
    const charge = await payment.sandbox.charge(sale.orderNumber)
    expect(['cancelled', 'refunded']).toContain(charge?.status)
    const told = payment.told.filter(({ key }) => key === sale.orderNumber).map(({ definition }) => definition.name)
    expect(told.filter((name) => name === 'PaymentCaptured')).toHaveLength(charge?.status === 'refunded' ? 1 : 0)
  })
})

describe('the payments of others', () => {
  test('are not found, except by an admin', async () => {
    const sale = await payment.sale(approves)
    await payment.reserved(sale)
    await payment.toldOf(sale, 'PaymentCaptured')
    const path = `/api/payments/${sale.orderNumber}`
    const stranger = await payment.call('stranger', path)
    expect([stranger.status, ((await stranger.json()) as { code: string }).code]).toEqual([404, 'PAYMENT_NOT_FOUND'])
    expect((await payment.call('boss', path, { role: 'admin' })).status).toBe(200)
    expect((await payment.call('boss', '/api/payments/nobody.1', { role: 'admin' })).status).toBe(404)
  })
})

describe('a payment method', () => {
  test('shows its last four digits; its number is in no table, no answer and no log', async () => {
    const userId = 'careful'
    expect((await payment.call(userId, '/api/payment-method')).status).toBe(404)
    const stored = await payment.storeCard(userId, '5555555555554444')
    expect(stored.status).toBe(200)
    expect(await stored.json()).toMatchObject({
      brand: 'mastercard',
      lastFour: '4444',
      expiryMonth: 12,
      expiryYear: 2040
    })
    await payment.storeCard(userId, approves)
    const read = await payment.call(userId, '/api/payment-method')
    expect(await read.json()).toMatchObject({ brand: 'visa', lastFour: '4242' })
    const { rows } = await payment.pool.query('select * from payment_methods where user_id = $1', [userId])
    const everything = JSON.stringify(rows) + payment.output.join('')
    for (const number of [approves, '5555555555554444', losesAnswer]) expect(everything).not.toContain(number)
  })

  test.each([
    ['a wrong digit', '4242424242424241', 422],
    ['a refusal by the provider', '4000000000000101', 422],
    ['letters', '4242abcd42424242', 400]
  ])('with %s is refused', async (_name, number, status) => {
    const answer = await payment.storeCard('mistaken', number)
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
      status,
      status === 422 ? 'CARD_INVALID' : 'INVALID_INPUT'
    ])
    expect((await payment.call('mistaken', '/api/payment-method')).status).toBe(404)
  })
})

describe('kill -9', () => {
  test('of payment in the middle of a capture: the next process takes over when the lease ends, and charges once', async () => {
    const sale = await payment.sale(losesAnswer)
    await payment.reserved(sale)
    await payment.reaches(sale, 'capturing')
    await eventually(async () => await payment.sandbox.charge(sale.orderNumber), { everyMs: 10 })
    await payment.end('SIGKILL')
    await payment.start()
    expect(await payment.toldOf(sale, 'PaymentCaptured')).toEqual(['PaymentCaptured'])
    expect((await payment.sandbox.charges()).filter(({ key }) => key === sale.orderNumber)).toHaveLength(1)
  })

  test('of the provider: what waits is captured when it is back', async () => {
    const sales = await Promise.all(Array.from({ length: 20 }, () => payment.sale(approves)))
    const [restarted] = await Promise.all([payment.sandbox.crashAndRestart(), payment.reserved(...sales)])
    expect(restarted).toBeUndefined()
    for (const sale of sales) expect(await payment.toldOf(sale, 'PaymentCaptured')).toEqual(['PaymentCaptured'])
    const charges = await payment.sandbox.charges()
    for (const sale of sales)
      expect(charges.filter(({ key }) => key === sale.orderNumber)).toMatchObject([{ status: 'captured' }])
  })
})

test('payment ends in good order at SIGTERM', async () => {
  expect(await payment.end('SIGTERM')).toBe(0)
})
