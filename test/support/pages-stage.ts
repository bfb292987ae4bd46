import { randomBytes } from 'node:crypto'
import { openAuction, placeBid, type Auction, type BidReceipt } from '@gavel/contracts/api/bidding.ts'
import { addProduct } from '@gavel/contracts/api/catalog.ts'
import { logIn, register, type TokenPair } from '@gavel/contracts/api/identity.ts'
import { setStock } from '@gavel/contracts/api/inventory.ts'
import { storePaymentMethod } from '@gavel/contracts/api/payment.ts'
import type { InputOf } from '@gavel/standalone/client/gateway.ts'
import { openAdmin } from '@gavel/standalone/client/admin.ts'
import { createGateway, type Gateway } from '@gavel/standalone/client/gateway.ts'
import type { Browser, BrowserContextOptions } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { launchBrowser, visit, type Visit } from './browser.ts'
import { eventually } from './eventually.ts'
import { sharedPlatform } from './platform.ts'

/** What a journey through the pages needs beforehand, made over the API. */
export type Stage = {
  url: string
  gateway: Gateway
  adminToken: () => Promise<string>
  person: (name: string, options?: { card?: keyof typeof cards | 'none'; password?: string }) => Promise<TokenPair>
  auction: (title: string, terms?: Partial<InputOf<typeof openAuction>['body']>, stock?: number) => Promise<Auction>
  bid: (by: TokenPair, auctionId: string, amountMinor: number, quantity?: number) => Promise<BidReceipt>
  /** The admin, signed in anew: a browser's session is its own. */
  admin: () => Promise<TokenPair>
  /** The address that the newest mail of a kind leads to, on this platform. */
  mailedLink: (to: string, purpose: 'verify-email' | 'reset-password') => Promise<string>
}

/** Cards as the payment provider's sandbox knows them. */
const cards = { good: '4242424242424242', empty: '4000000000009995' } as const

export const someId = (name: string): string => `${name}-${randomBytes(5).toString('hex')}`

function setStage(): Stage {
  const { url, admin, mailUrl } = sharedPlatform()
  const gateway = createGateway(url)
  let house: ReturnType<typeof openAdmin> | undefined
  const adminToken = async (): Promise<string> => await (await (house ??= openAdmin(gateway, admin))).token()
  return {
    url,
    gateway,
    adminToken,
    admin: () => gateway.call(logIn, { body: admin }),
    mailedLink: async (to, purpose) =>
      await eventually(
        async () => {
          const response = await fetch(`${mailUrl}/inbox/api/mails?to=${encodeURIComponent(to)}`)
          const { items } = (await response.json()) as { items: { text: string }[] }
          const links = items.flatMap(({ text }) => new RegExp(`/#${purpose}=[\\w-]+`).exec(text) ?? [])
          return links[0]
        },
        { what: `a mail of ${purpose}` }
      ),
    bid: async (by, auctionId, amountMinor, quantity) =>
      await gateway.call(
        placeBid,
        { params: { auctionId }, body: { bidId: someId('bid'), amountMinor, ...(quantity && { quantity }) } },
        { token: by.accessToken }
      ),
    person: async (name, { card = 'good', password = randomBytes(18).toString('base64url') } = {}) => {
      const body = { email: `${someId(name.replaceAll(/\W+/g, '.'))}@pages.example`, password, displayName: name }
      const pair = await gateway.call(register, { body })
      if (card === 'none') return pair
      const number = { cardNumber: cards[card], expiryMonth: 12, expiryYear: 2099, code: '123' }
      await gateway.call(storePaymentMethod, { body: number }, { token: pair.accessToken })
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

/** `url`: where the browser finds the platform, if not at its own address. */
type VisitOptions = BrowserContextOptions & { url?: string }

export type OnStage = {
  stage: Stage
  /** Somebody who has gone to an address in a browser of their own; without a session a stranger. */
  at: (path: string, session?: TokenPair, options?: VisitOptions) => Promise<Visit>
  /** The admin there. */
  asAdmin: (path: string, options?: VisitOptions) => Promise<Visit>
}

/** What every file of tests of the pages has: the stage, and one browser from before its first test until after its last. */
export function onStage(): OnStage {
  const stage = setStage()
  let browser: Browser | undefined
  let admin: Promise<TokenPair> | undefined
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await stage.gateway.close()
  })
  const at: OnStage['at'] = async (path, session, { url = stage.url, ...options } = {}) => {
    const visitor = await visit(browser!, url, { ...options, ...(session && { session }) })
    await visitor.page.goto(path)
    return visitor
  }
  return { stage, at, asAdmin: async (path, options) => await at(path, await (admin ??= stage.admin()), options) }
}
