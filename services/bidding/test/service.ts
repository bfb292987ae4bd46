import { createContext } from '@gavel/platform/service.ts'
import { expect } from 'vitest'
import { testTokens, type TestTokens } from '../../../test/support/tokens.ts'
import { buildApp, type BiddingApp } from '../src/app.ts'
import { readBiddingConfig } from '../src/config.ts'
import { someAuction } from './rig.ts'

export interface Service extends BiddingApp {
  tokens: TestTokens
  /** One HTTP call, in process. */
  call(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    caller?: { userId: string; role?: 'bidder' | 'admin' },
    body?: unknown,
    traceparent?: string
  ): Promise<Answer>
  close(): Promise<boolean>
}

export interface Answer {
  status: number
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of many forms.
  body: any
  headers: Record<string, unknown>
}

export interface ServiceOptions {
  mongodb: { url: string; database: string }
  topics: { brokers: string[]; topicPrefix: string }
  env?: Record<string, string>
  clock?: () => number
  tokens?: TestTokens
}

/** The whole service on real backends. Two of them share nothing but the database and the broker, as two processes do. */
export async function startService({ mongodb, topics, env = {}, clock, tokens }: ServiceOptions): Promise<Service> {
  const context = createContext({
    name: 'bidding',
    logLevel: process.env.TEST_LOG ?? 'silent',
    ...(clock && { clock })
  })
  const config = readBiddingConfig({
    MONGODB_URL: mongodb.url,
    MONGODB_DATABASE: mongodb.database,
    KAFKA_BROKERS: topics.brokers.join(','),
    KAFKA_TOPIC_PREFIX: topics.topicPrefix,
    JWKS_URL: 'http://127.0.0.1:9/jwks',
    PUBLISH_SWEEP_INTERVAL_MS: '200',
    CLOSE_SCAN_INTERVAL_MS: '50',
    OFFERS_INTERVAL_MS: '50',
    ...env
  })
  const issuer = tokens ?? (await testTokens())
  const built = await buildApp(context, config, issuer.authenticator)
  return {
    ...built,
    tokens: issuer,
    call: async (method, url, caller, body, traceparent) => {
      const headers = caller ? await issuer.signIn(caller.userId, caller.role) : {}
      const response = await built.app.inject({
        method,
        url,
        headers: { ...headers, ...(traceparent !== undefined && { traceparent }) },
        ...(body !== undefined && { payload: body as object })
      })
      return {
        status: response.statusCode,
        body: response.body === '' ? undefined : response.json(),
        headers: response.headers
      }
    },
    close: () => context.closers.closeAll(20_000)
  }
}

/** Two of them, both members of every group. */
export async function startPair(options: ServiceOptions): Promise<[Service, Service]> {
  const left = await startService(options)
  const right = await startService({ ...options, tokens: left.tokens })
  await Promise.all([...left.consumers, ...right.consumers].map(({ joined }) => joined))
  return [left, right]
}

/** The id of an auction that an admin has just opened. */
export async function opened(service: Service, changes: Parameters<typeof someAuction>[0] = {}): Promise<string> {
  const { body, status } = await service.call('POST', '/api/auctions', admin, someAuction(changes))
  expect(status).toBe(201)
  return body.auctionId
}

export const admin = { userId: 'admin', role: 'admin' } as const
export const bidder = (userId: string) => ({ userId, role: 'bidder' }) as const
