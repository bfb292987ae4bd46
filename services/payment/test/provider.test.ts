import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Secret } from '@gavel/platform/config.ts'
import { Fault } from '@gavel/platform/errors.ts'
import { createHttpProvider } from '../src/provider/http.ts'
import type { PaymentProvider } from '../src/provider/port.ts'
import { startSandbox, type SandboxProcess } from './sandbox-process.ts'

let sandbox: SandboxProcess
let provider: PaymentProvider

beforeAll(async () => {
  sandbox = await startSandbox()
  provider = createHttpProvider({
    url: sandbox.url,
    apiKey: sandbox.apiKey,
    timeoutMs: 500,
    connectionsMax: 4,
    attempts: 1
  })
})
afterAll(async () => {
  await provider?.close()
  await sandbox?.stop()
})

const tokenOf = async (number: string): Promise<string> => {
  const stored = await provider.storeCard({ number, expiryMonth: 12, expiryYear: 2030, code: '123' })
  if (stored.outcome !== 'stored') throw new Error(stored.providerCode)
  return stored.token
}
const capture = (key: string, token: string) => provider.capture({ key, token, amountMinor: 1_250, currency: 'EUR' })

describe('the provider behind the port', () => {
  test('keeps a card as a token, a brand and four digits', async () => {
    expect(
      await provider.storeCard({ number: '5555555555554444', expiryMonth: 1, expiryYear: 2030, code: '123' })
    ).toEqual({
      outcome: 'stored',
      token: expect.stringMatching(/^card_/),
      brand: 'mastercard',
      lastFour: '4444'
    })
  })

  test.each([
    ['4000000000000002', 'card_declined'],
    ['4000000000009995', 'insufficient_funds']
  ])('%s is declined for certain: %s', async (number, providerCode) => {
    expect(await capture(`declined.${number}`, await tokenOf(number))).toEqual({ outcome: 'declined', providerCode })
  })

  test('refuses a card when it is stored', async () => {
    expect(
      await provider.storeCard({ number: '4000000000000101', expiryMonth: 1, expiryYear: 2030, code: '123' })
    ).toEqual({
      outcome: 'refused',
      providerCode: 'incorrect_code'
    })
  })

  test('charges once for many simultaneous requests with one key', async () => {
    const token = await tokenOf('4242424242424242')
    const answers = await Promise.all(Array.from({ length: 12 }, () => capture('once.1', token)))
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect((await sandbox.charges()).filter(({ key }) => key === 'once.1')).toHaveLength(1)
  })

  test('a key used for another amount settles nothing', async () => {
    const token = await tokenOf('4242424242424242')
    await capture('reused.1', token)
    await expect(provider.capture({ key: 'reused.1', token, amountMinor: 1, currency: 'EUR' })).rejects.toBeInstanceOf(
      Fault
    )
  })

  test('a lost answer is a Fault, and the charge is found by its key', async () => {
    const token = await tokenOf('4000000000000119')
    await expect(capture('lost.1', token)).rejects.toBeInstanceOf(Fault)
    const found = await provider.lookUp('lost.1')
    expect(found?.outcome).toBe('captured')
    expect(await capture('lost.1', token)).toEqual(found)
  })

  test('fails twice without charging, then charges', async () => {
    const token = await tokenOf('4000000000000341')
    await expect(capture('fails.1', token)).rejects.toThrow('500')
    await expect(capture('fails.1', token)).rejects.toThrow('500')
    expect(await provider.lookUp('fails.1')).toBeUndefined()
    expect((await capture('fails.1', token)).outcome).toBe('captured')
  })

  test('a connection that is cut is a Fault, and the repeat charges', async () => {
    const token = await tokenOf('4000000000000259')
    await expect(capture('reset.1', token)).rejects.toBeInstanceOf(Fault)
    expect((await capture('reset.1', token)).outcome).toBe('captured')
  })

  test('a closed key takes no capture any more', async () => {
    expect(await provider.cancel('closed.1')).toEqual({ outcome: 'cancelled' })
    expect(await capture('closed.1', await tokenOf('4242424242424242'))).toEqual({ outcome: 'cancelled' })
  })

  test('closing a key that was captured says so and leaves the charge', async () => {
    const captured = await capture('kept.1', await tokenOf('4242424242424242'))
    expect(await provider.cancel('kept.1')).toEqual(captured)
  })

  test('a refund given twice is one refund', async () => {
    const charged = await capture('refund.1', await tokenOf('4242424242424242'))
    if (charged.outcome !== 'captured') throw new Error(charged.outcome)
    const refund = () => provider.refund({ key: 'refund.refund.1', chargeId: charged.chargeId })
    expect(await Promise.all([refund(), refund()])).toEqual([
      { outcome: 'refunded', chargeId: charged.chargeId },
      { outcome: 'refunded', chargeId: charged.chargeId }
    ])
    expect((await provider.lookUp('refund.1'))?.outcome).toBe('refunded')
  })

  test('kill -9 forgets nothing that was acknowledged', async () => {
    const token = await tokenOf('4242424242424242')
    const captured = await capture('crash.1', token)
    await sandbox.crashAndRestart()
    expect(await provider.lookUp('crash.1')).toEqual(captured)
    expect((await capture('crash.2', token)).outcome).toBe('captured')
  })

  test('a wrong API key settles nothing', async () => {
    const stranger = createHttpProvider({
      url: sandbox.url,
      apiKey: new Secret('wrong'),
      timeoutMs: 500,
      connectionsMax: 1,
      attempts: 1
    })
    await expect(stranger.lookUp('once.1')).rejects.toThrow('401')
    await stranger.close()
  })

  test('no error repeats a card number', async () => {
    await sandbox.stop()
    const failure = await provider
      .storeCard({ number: '4242424242424242', expiryMonth: 12, expiryYear: 2030, code: '123' })
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(Fault)
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure as object))).not.toContain('4242424242424242')
  })
})
