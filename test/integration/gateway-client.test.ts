import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { closeAuction, listAuctions, placeBid } from '@gavel/contracts/api/bidding.ts'
import { logIn, register } from '@gavel/contracts/api/identity.ts'
import { createGateway, Refused, Unanswered, type Gateway } from '@gavel/standalone/client/gateway.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

let answers: Answer[]
let seen: { method: string; url: string; authorization: string | undefined }[]
let gateway: Gateway
let stop: () => Promise<void>

beforeEach(async () => {
  answers = []
  seen = []
  const server = createServer((request, response) => {
    seen.push({ method: request.method!, url: request.url!, authorization: request.headers.authorization })
    request.resume().on('end', () => answers.shift()!(request, response))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  gateway = createGateway(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 4)
  stop = async () => {
    await gateway.close()
    server.close()
  }
})
afterEach(() => stop())

const says =
  (status: number, body: object, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
const breaks: Answer = (request) => request.socket.destroy()

const bid = { params: { auctionId: 'a' }, body: { bidId: 'b', amountMinor: 1 } }
const signingIn = { body: { email: 'a@b.example', password: 'p' } }

test('an operation becomes its address, and the token its header', async () => {
  answers = [says(200, { items: [] }), says(200, {})]
  await gateway.call(listAuctions, { query: { limit: 5, status: 'open' } })
  await gateway.call(closeAuction, { params: { auctionId: 'x' } }, { token: 't' })
  expect(seen).toEqual([
    { method: 'GET', url: '/api/auctions?limit=5&status=open', authorization: undefined },
    { method: 'POST', url: '/api/auctions/x/close', authorization: 'Bearer t' }
  ])
})

test('a limit is waited out for as long as it says, also where a repeat would do harm', async () => {
  answers = [says(429, { code: 'RATE_LIMITED' }, { 'retry-after': '0.3' }), says(201, { accessToken: 't' })]
  const began = performance.now()
  const body = { ...signingIn.body, displayName: 'A' }
  expect(await gateway.call(register, { body })).toEqual({ accessToken: 't' })
  expect(performance.now() - began).toBeGreaterThan(290)
})

test('a locked account is an answer and not a limit', async () => {
  answers = [says(429, { code: 'ACCOUNT_LOCKED' }, { 'retry-after': '900' })]
  await expect(gateway.call(logIn, signingIn)).rejects.toMatchObject({ name: 'Refused', code: 'ACCOUNT_LOCKED' })
})

test('a fault and a broken connection are tried again where a repeat is harmless', async () => {
  answers = [says(503, { code: 'UNAVAILABLE' }), breaks, says(201, { bidId: 'b' })]
  expect(await gateway.call(placeBid, bid)).toEqual({ bidId: 'b' })
  expect(seen).toHaveLength(3)
})

test('a broken connection is not tried again where a repeat could do harm', async () => {
  answers = [breaks]
  await expect(gateway.call(logIn, signingIn)).rejects.toBeInstanceOf(Unanswered)
  expect(seen).toHaveLength(1)
})

test('a refusal is given on at once, with its code and its problem document', async () => {
  answers = [says(409, { code: 'BID_TOO_LOW', receipt: { bidId: 'b' } })]
  const refusal = await gateway.call(placeBid, bid).catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(Refused)
  expect(refusal).toMatchObject({ status: 409, code: 'BID_TOO_LOW', problem: { receipt: { bidId: 'b' } } })
})

test('what never stops failing ends at the bound', async () => {
  answers = Array.from({ length: 50 }, () => says(503, {}))
  await expect(gateway.call(placeBid, bid, { boundMs: 300 })).rejects.toBeInstanceOf(Unanswered)
})

test('an answer that is no problem document still names its status', async () => {
  answers = [(_request, response) => response.writeHead(404).end('<html>')]
  await expect(gateway.call(listAuctions, {})).rejects.toMatchObject({ code: 'HTTP_404' })
})
