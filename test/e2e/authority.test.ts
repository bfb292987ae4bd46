import { request as httpRequest, type IncomingMessage } from 'node:http'
import { bearerProtocolPrefix, webSocketProtocol } from '@gavel/contracts/api/web-socket.ts'
import type { Operation, Role } from '@gavel/contracts/define.ts'
import { services } from '@gavel/contracts/services.ts'
import { createGateway, type Gateway } from '@gavel/standalone/client/gateway.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allCredentials, badStates, tokenStates, type Credentials, type TokenState } from '../support/credentials.ts'
import { sharedPlatform, type SharedPlatform } from '../support/platform.ts'

/**
 * Every route of the contracts with every state of a token, through the gateway and at the service itself: a new route is in this table
 * by being in the list of services, and what must be answered follows from its role.
 */
let platform: SharedPlatform
let gateway: Gateway
let credentials: Credentials

beforeAll(async () => {
  platform = sharedPlatform()
  gateway = createGateway(platform.url)
  credentials = await allCredentials(platform, gateway)
})
afterAll(() => gateway.close())

type Verdict = 'let in' | 'UNAUTHENTICATED' | 'FORBIDDEN'

function verdictFor(role: Role, state: TokenState): Verdict {
  if ((badStates as readonly string[]).includes(state)) return 'UNAUTHENTICATED'
  if (state === 'none') return role === 'public' ? 'let in' : 'UNAUTHENTICATED'
  return state === 'bidder' && role === 'admin' ? 'FORBIDDEN' : 'let in'
}

const verdictOf = (status: number, code: unknown): string => {
  if (status === 401 && code === 'UNAUTHENTICATED') return code
  if (status === 403 && code === 'FORBIDDEN') return code
  return status < 500 || status === 503 ? 'let in' : `${status} ${String(code)}`
}

/** Of the form the path takes, and of nothing that is there. */
const addressOf = ({ path }: Operation): string =>
  path.replace(/:(\w+)/g, (_all, name: string) => (name === 'orderNumber' ? 'no-such.1' : 'no-such'))

/** A body that no operation takes: who is let in is told so, and changes nothing. */
const bodyOf = ({ method }: Operation): object =>
  method === 'GET' || method === 'DELETE'
    ? {}
    : { headers: { 'content-type': 'application/json' }, body: '{"noOperationHasThisMember":1}' }

async function answerTo(base: string, operation: Operation, authorization: string | undefined): Promise<string> {
  const { headers, ...rest } = bodyOf(operation) as { headers?: object }
  const response = await fetch(base + addressOf(operation), {
    method: operation.method,
    ...rest,
    headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
    signal: AbortSignal.timeout(30_000)
  })
  if (!response.headers.get('content-type')?.startsWith('application/problem+json')) {
    // A stream that is let in never ends by itself.
    await response.body?.cancel()
    return verdictOf(response.status, undefined)
  }
  const problem = (await response.json()) as { code: string; status: number }
  expect(problem.status).toBe(response.status)
  return verdictOf(response.status, problem.code)
}

const places = [
  ['through the gateway', () => platform.url],
  ['at the service', (service: string) => `http://127.0.0.1:${platform.ports[service]}`]
] as const

const routes = services.flatMap((service) =>
  service.operations.map((operation) => [operation.id, service.name, operation] as const)
)

describe.each(places)('%s', (_place, base) => {
  test.each(routes)('%s answers each caller as its role says', async (_id, service, operation) => {
    const expected = Object.fromEntries(tokenStates.map((state) => [state, verdictFor(operation.role, state)]))
    const answers = await Promise.all(
      tokenStates.map(async (state) => [state, await answerTo(base(service), operation, credentials[state])] as const)
    )
    expect(Object.fromEntries(answers)).toEqual(expected)
  })
})

/** Who may open each WebSocket. What a stream shows to whom is the service's own test. */
const socketRoles: Record<string, Role> = { '/ws/auctions/': 'bidder', '/ws/live': 'public', '/ws/logs': 'admin' }
const sockets = services.flatMap((service) => service.webSockets.map((path) => [path, service.name] as const))

test('every WebSocket path is in the table', () => {
  expect(sockets.map(([path]) => path).toSorted()).toEqual(Object.keys(socketRoles).toSorted())
})

/** As a browser does it: the token is a sub-protocol. */
async function upgrade(base: string, path: string, token: string | undefined): Promise<string> {
  const { hostname, port } = new URL(base)
  const protocols = [webSocketProtocol, ...(token === undefined ? [] : [`${bearerProtocolPrefix}${token}`])]
  const request = httpRequest({
    hostname,
    port,
    path: path.endsWith('/') ? `${path}no-such` : path,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': Buffer.alloc(16).toString('base64'),
      'sec-websocket-protocol': protocols.join(', ')
    }
  })
  return await new Promise((resolve, reject) => {
    request.on('upgrade', (response: IncomingMessage, socket) => {
      // The token must not come back as the protocol chosen.
      const chosen = response.headers['sec-websocket-protocol']
      socket.destroy()
      resolve(chosen === webSocketProtocol ? 'let in' : `chose ${chosen}`)
    })
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const { code } = JSON.parse(Buffer.concat(chunks).toString()) as { code: string }
        resolve(verdictOf(response.statusCode ?? 0, code))
      })
    })
    request.on('error', reject)
    request.setTimeout(30_000, () => request.destroy(new Error('No answer')))
    request.end()
  })
}

describe.each(places)('%s', (_place, base) => {
  test.each(sockets)('%s opens for whom it should', async (path, service) => {
    const role = socketRoles[path] ?? 'admin'
    const states = tokenStates.filter((state) => state !== 'another scheme')
    const answers = await Promise.all(
      states.map(async (state) => {
        const token = credentials[state]?.slice('Bearer '.length)
        return [state, await upgrade(base(service), path, token)] as const
      })
    )
    expect(Object.fromEntries(answers)).toEqual(
      Object.fromEntries(states.map((state) => [state, verdictFor(role, state)]))
    )
  })
})
