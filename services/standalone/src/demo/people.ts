import { randomBytes } from 'node:crypto'
import { register } from '@gavel/contracts/api/identity.ts'
import { storePaymentMethod } from '@gavel/contracts/api/payment.ts'
import type { Gateway } from '../client/gateway.ts'

/** Cards of the sandbox provider: it takes the first and declines the second. */
export const goodCard = '4242424242424242'
export const emptyCard = '4000000000000002'

export type Person = { name: string; email: string; userId: string; token: string }

/** A new account with a card. Its password is forgotten at once: the story ends before its token does. */
export async function welcome(gateway: Gateway, name: string, cardNumber: string): Promise<Person> {
  const email = `${name.toLowerCase()}.${randomBytes(4).toString('hex')}@demo.example`
  const password = randomBytes(18).toString('base64url')
  const { accessToken: token, account } = await gateway.call(register, { body: { email, password, displayName: name } })
  const body = { cardNumber, expiryMonth: 12, expiryYear: 2099, code: '123' }
  await gateway.call(storePaymentMethod, { body }, { token, repeatable: true })
  return { name, email, userId: account.userId, token }
}
