import { setTimeout as delay } from 'node:timers/promises'
import { openAuction, placeBid } from '@gavel/contracts/api/bidding.ts'
import { logIn } from '@gavel/contracts/api/identity.ts'
import { readSale, type SaleProgress } from '@gavel/contracts/api/order.ts'
import { canaryCurrency, canaryPrefix } from '@gavel/contracts/canary.ts'
import { failing, inconclusive, passing, type Finding } from '@gavel/platform/probes/finding.ts'
import { askHttp } from '@gavel/platform/probes/http.ts'
import { hashOf } from '../../../kube/apply.ts'
import type { SyntheticSaleCheck } from '../spec.ts'
import type { ProbeContext } from './context.ts'

/** A finding that ends the probe early. */
class Ended extends Error {
  readonly finding: Finding
  constructor(finding: Finding) {
    super(finding.message)
    this.finding = finding
  }
}

interface Session {
  token: string
  expiresAtMs: number
  credentials: string
  /** Opened with this token; a fixed-price sale that lasts for the day. */
  auctionId: string | undefined
}

type Check = (check: SyntheticSaleCheck, uid: string, context: ProbeContext) => Promise<Finding>

const pollMs = 250
const dayMs = 86_400_000

/**
 * Buys one piece of a product made for this, through the gateway as every bidder does, and follows it until it is an order. What is not
 * prepared for the check (account, card, stock) is no failure of the platform: it is inconclusive and says what to do.
 */
export function createSaleProbe(now: () => Date): Check {
  const sessions = new Map<string, Session>()
  return async (check, uid, context) => {
    try {
      const session = await signedIn(sessions, check, uid, context, now)
      const orderNumber = await bid(check, uid, session, context, now)
      return await followed(check, orderNumber, session, context, now)
    } catch (thrown) {
      if (thrown instanceof Ended) return thrown.finding
      throw thrown
    }
  }
}

async function signedIn(
  sessions: Map<string, Session>,
  check: SyntheticSaleCheck,
  uid: string,
  context: ProbeContext,
  now: () => Date
): Promise<Session> {
  const secret = await context.readSecret(check.credentialsSecret)
  const { email, password } = secret ?? {}
  if (email === undefined || password === undefined)
    throw new Ended(inconclusive(`Secret ${check.credentialsSecret} with the keys email and password does not exist`))
  const credentials = JSON.stringify([check.gatewayUrl, email, password])
  const known = sessions.get(uid)
  if (known?.credentials === credentials && known.expiresAtMs - now().getTime() > 60_000) return known
  const { status, body } = await call(check, context, { ...logIn, body: { email, password } })
  if (status !== 200)
    throw new Ended(
      status >= 500
        ? failing(`signing in was answered ${status}${codeOf(body)}`)
        : inconclusive(`The check’s account cannot sign in: ${status}${codeOf(body)}`)
    )
  const { accessToken, accessTokenExpiresAt } = body as { accessToken: string; accessTokenExpiresAt: number }
  const session = { token: accessToken, expiresAtMs: accessTokenExpiresAt, credentials, auctionId: undefined }
  // Checks come and go: sessions of those that are gone expire and are swept here.
  for (const [key, old] of sessions) if (old.expiresAtMs < now().getTime()) sessions.delete(key)
  sessions.set(uid, session)
  return session
}

/** A bid on the day's fixed-price sale is a sale at once. @returns its order number. */
async function bid(
  check: SyntheticSaleCheck,
  uid: string,
  session: Session,
  context: ProbeContext,
  now: () => Date
): Promise<string> {
  const day = now().toISOString().slice(0, 10)
  const auctionId = `${canaryPrefix}${uid.slice(0, 8)}-${hashOf(check.productId).slice(0, 8)}-${day.replaceAll('-', '')}`
  if (session.auctionId !== auctionId) {
    const { status, body } = await call(check, context, {
      ...openAuction,
      token: session.token,
      body: {
        auctionId,
        productId: check.productId,
        title: 'Canary',
        mode: 'fixed-price',
        currency: canaryCurrency,
        openingPriceMinor: 1,
        quantity: 100_000,
        quantityPerBuyer: 100_000,
        // An hour longer than the day, for a bid made just before midnight.
        endsAt: Date.parse(day) + dayMs + 3_600_000
      }
    })
    if (status !== 201 && codeOf(body) !== ' AUCTION_EXISTS') throw new Ended(refusal('opening the sale', status, body))
    session.auctionId = auctionId
  }
  const { status, body } = await call(check, context, {
    ...placeBid,
    path: placeBid.path.replace(':auctionId', auctionId),
    token: session.token,
    body: { bidId: crypto.randomUUID(), amountMinor: 1, currency: canaryCurrency, quantity: 1 }
  })
  const { orderNumber } = (body ?? {}) as { orderNumber?: string }
  if (status !== 201) throw new Ended(refusal('the bid', status, body))
  if (orderNumber === undefined) throw new Ended(failing('the bid was accepted and is no sale'))
  return orderNumber
}

async function followed(
  check: SyntheticSaleCheck,
  orderNumber: string,
  session: Session,
  context: ProbeContext,
  now: () => Date
): Promise<Finding> {
  const withinSeconds = check.orderWithinSeconds ?? 15
  const deadlineMs = now().getTime() + withinSeconds * 1000
  let progress: SaleProgress | undefined
  do {
    await delay(pollMs, undefined, { signal: context.signal })
    const { status, body } = await call(check, context, {
      ...readSale,
      path: readSale.path.replace(':orderNumber', orderNumber),
      token: session.token
    })
    if (status === 200) progress = body as SaleProgress
    else if (status !== 404) return refusal(`reading sale ${orderNumber}`, status, body)
    if (progress?.status === 'ordered') return passing(`a bid became an order within ${withinSeconds} s`)
    if (progress?.status === 'failed') return whyFailed(progress)
  } while (now().getTime() < deadlineMs)
  const step = waitingFor(progress)
  return failing(`sale ${orderNumber} is no order after ${withinSeconds} s: ${step}`, step)
}

function waitingFor(progress: SaleProgress | undefined): string {
  if (!progress) return 'order has not heard of it'
  if (progress.stock === 'waiting') return 'inventory has not reserved it'
  if (progress.payment === 'waiting') return 'payment has not captured it'
  return 'order has not decided it'
}

function whyFailed({ reason, sale }: SaleProgress): Finding {
  switch (reason) {
    case 'SOLD_OUT':
    case 'STOCK_NOT_FOUND':
      return inconclusive(`${sale.productId} has no stock: give it some, so that sales can be tried`)
    case 'PAYMENT_METHOD_MISSING':
      return inconclusive('The check’s account has no payment method: store one, so that sales can be tried')
    default:
      return failing(`sale ${sale.orderNumber} failed: ${reason}`, `failed: ${reason}`)
  }
}

const refusal = (what: string, status: number, body: unknown): Finding => {
  const message = `${what} was answered ${status}${codeOf(body)}`
  // A limit, a missing role: the platform is well enough to refuse, and the sale was not tried.
  return status >= 400 && status < 500 ? inconclusive(message) : failing(message)
}

const codeOf = (body: unknown): string => {
  const { code } = (body ?? {}) as { code?: unknown }
  return typeof code === 'string' ? ` ${code}` : ''
}

async function call(
  { gatewayUrl }: SyntheticSaleCheck,
  { timeoutMs, signal }: ProbeContext,
  request: { id: string; method: string; path: string; token?: string; body?: unknown }
): Promise<{ status: number; body: unknown }> {
  const { id, method, path, token, body } = request
  const answer = await askHttp(`${gatewayUrl.replace(/\/$/, '')}${path}`, {
    method: method as 'GET' | 'POST',
    timeoutMs,
    signal,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` })
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  if (!answer.answered) throw new Ended(failing(`the gateway did not answer ${id}: ${answer.error}`))
  try {
    return { status: answer.status, body: JSON.parse(answer.text) }
  } catch {
    return { status: answer.status, body: undefined }
  }
}
