import { randomBytes } from 'node:crypto'
import { openAuction, type Auction } from '@gavel/contracts/api/bidding.ts'
import { addProduct } from '@gavel/contracts/api/catalog.ts'
import { register, type TokenPair } from '@gavel/contracts/api/identity.ts'
import { setStock } from '@gavel/contracts/api/inventory.ts'
import { storePaymentMethod } from '@gavel/contracts/api/payment.ts'
import type { InputOf } from '@gavel/standalone/client/gateway.ts'
import { openAdmin } from '@gavel/standalone/client/admin.ts'
import { createGateway, type Gateway } from '@gavel/standalone/client/gateway.ts'
import { sharedPlatform } from './platform.ts'

/** What a journey through the pages needs beforehand, made over the API. */
export type Stage = {
  url: string
  gateway: Gateway
  adminToken: () => Promise<string>
  person: (name: string, options?: { card?: boolean }) => Promise<TokenPair>
  auction: (title: string, terms?: Partial<InputOf<typeof openAuction>['body']>, stock?: number) => Promise<Auction>
}

export const someId = (name: string): string => `${name}-${randomBytes(5).toString('hex')}`

export async function setStage(): Promise<Stage> {
  const { url, admin } = sharedPlatform()
  const gateway = createGateway(url)
  const house = await openAdmin(gateway, admin)
  const adminToken = (): Promise<string> => house.token()
  return {
    url,
    gateway,
    adminToken,
    person: async (name, { card = true } = {}) => {
      const body = {
        email: `${someId(name)}@pages.example`,
        password: randomBytes(18).toString('base64url'),
        displayName: name
      }
      const pair = await gateway.call(register, { body })
      const number = { cardNumber: '4242424242424242', expiryMonth: 12, expiryYear: 2099, code: '123' }
      if (card) await gateway.call(storePaymentMethod, { body: number }, { token: pair.accessToken })
      return pair
    },
    auction: async (title, terms = {}, stock = 1) => {
      const token = await adminToken()
      const productId = someId('lot')
      await gateway.call(
        addProduct,
        { body: { productId, title, description: 'One of a kind.', category: 'lamps' } },
        { token }
      )
      await gateway.call(setStock, { params: { productId }, body: { available: stock } }, { token })
      const body = {
        productId,
        title,
        mode: 'english' as const,
        currency: 'USD',
        openingPriceMinor: 1_000,
        endsAt: Date.now() + 3_600_000,
        ...terms
      }
      return await gateway.call(openAuction, { body }, { token })
    }
  }
}
