import { afterAll, beforeAll, expect, test } from 'vitest'
import { removeExpired } from '../src/store/expiry.ts'
import { anEmail, anIdentity, count, goodPassword, registered, type Identity, type Process } from './identity.ts'

const FREE = 4
let identity: Identity
let process: Process
beforeAll(async () => {
  identity = await anIdentity({ ADDRESS_FAILURES_FREE: String(FREE) })
  process = await identity.start()
})
afterAll(async () => await identity.release())

/** As the gateway passes it on; or straight from a peer that is no gateway. */
async function logIn(from: { told?: string; peer?: string }, email = anEmail(), password = 'a wrong guess') {
  const answer = await process.app.inject({
    method: 'POST',
    url: '/api/auth/login',
    remoteAddress: from.peer ?? '127.0.0.1',
    headers: from.told === undefined ? {} : { 'x-envoy-external-address': from.told },
    payload: { email, password }
  })
  return { status: answer.statusCode, body: answer.json(), retryAfter: answer.headers['retry-after'] }
}
const fail = async (from: { told?: string; peer?: string }, times: number) => {
  for (let round = 0; round < times; round += 1) expect((await logIn(from)).body.code).toBe('CREDENTIALS_WRONG')
}

test('one password tried on many accounts from one address has to wait, and other addresses do not', async () => {
  const { account } = await registered(process)
  await fail({ told: '203.0.113.7' }, FREE)
  const waits = await logIn({ told: '203.0.113.7' }, account.email, goodPassword)
  expect(waits).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED', retryAfterMs: 15_000 }, retryAfter: '15' })
  expect((await logIn({ told: '203.0.113.8' }, account.email, goodPassword)).status).toBe(200)
  identity.clock.now += 15_000
  // A log-in of one's own forgives nothing: the next failure counts on.
  expect((await logIn({ told: '203.0.113.7' }, account.email, goodPassword)).status).toBe(200)
  await fail({ told: '203.0.113.7' }, 1)
  expect((await logIn({ told: '203.0.113.7' })).body).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 30_000 })
})

test('a network of version 6 is one address', async () => {
  await fail({ told: '2001:db8:1:2:3::1' }, 2)
  await fail({ told: '2001:db8:1:2:4:5:6:7' }, FREE - 2)
  expect((await logIn({ told: '2001:db8:1:2::9' })).body.code).toBe('RATE_LIMITED')
  expect((await logIn({ told: '2001:db8:1:3::9' })).body.code).toBe('CREDENTIALS_WRONG')
})

test('who is not the gateway is not believed: its own address is counted, whatever it tells', async () => {
  for (let round = 0; round < FREE; round += 1)
    await fail({ peer: '198.51.100.9', told: `203.0.113.${100 + round}` }, 1)
  expect((await logIn({ peer: '198.51.100.9', told: '203.0.113.200' })).body.code).toBe('RATE_LIMITED')
})

test('addresses are forgotten after an hour without a failure', async () => {
  expect(await count(process.pool, 'address_failures')).toBeGreaterThan(2)
  identity.clock.now += 60 * 60_000 + 1
  expect((await removeExpired(process.pool, identity.clock.now)).addressFailures).toBeGreaterThan(2)
  expect(await count(process.pool, 'address_failures')).toBe(0)
})
