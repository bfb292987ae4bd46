import { once } from 'node:events'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import WebSocket from 'ws'
import { createAuthenticator } from '@gavel/platform/http/auth.ts'
import { createServer, listen } from '@gavel/platform/http/server.ts'
import { webSocketRoute } from '@gavel/platform/http/web-socket.ts'
import { createLog } from '@gavel/platform/log.ts'
import { createContext, type ServiceContext } from '@gavel/platform/service.ts'
import { eventually } from '../../../test/support/eventually.ts'

const textOf = (data: WebSocket.RawData): string => Buffer.from(data as Buffer).toString()

let context: ServiceContext
let base: string
let token: (expires?: string) => Promise<string>
const received: string[] = []
const open: WebSocket[] = []

beforeAll(async () => {
  context = createContext({ name: 'platform', log: createLog({ service: 'platform', level: 'silent' }) })
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'EdDSA' } as never] }
  token = async (expires = '1h') =>
    await new SignJWT({ role: 'bidder' })
      .setProtectedHeader({ alg: 'EdDSA', kid: 'k' })
      .setSubject('u')
      .setIssuer('i')
      .setAudience('a')
      .setExpirationTime(expires)
      .sign(privateKey)
  const app = createServer(context, {
    service: 'identity',
    auth: createAuthenticator({ keys, issuer: 'i', audience: 'a' }),
    origins: ['https://pages.test']
  })
  const echo: Parameters<typeof webSocketRoute>[3] = (socket, { user, params, send }) => {
    send({ hello: user?.userId ?? null, id: params.id })
    socket.on('message', (data) => {
      received.push(textOf(data))
      send({ echo: textOf(data) })
    })
  }
  webSocketRoute(app, '/ws/mine/:id', { authenticate: 'required', maxPayloadBytes: 100, messagesPerMinute: 60 }, echo)
  webSocketRoute(app, '/ws/all/:id', { authenticate: 'optional', messagesPerMinute: 60_000 }, echo)
  webSocketRoute(app, '/ws/broken', { authenticate: 'optional' }, () => {
    throw new Error('broken')
  })
  base = (await listen(app, { host: '127.0.0.1', port: 0 })).replace('http', 'ws')
})

afterEach(() => {
  for (const socket of open.splice(0)) socket.terminate()
})

afterAll(async () => {
  await context.closers.closeAll(10_000)
})

function connect(
  path: string,
  options: { protocols?: string[]; origin?: string; headers?: Record<string, string> } = {}
): WebSocket & { frames: unknown[] } {
  const socket = new WebSocket(base + path, options.protocols ?? ['gavel.v1'], {
    ...(options.origin === undefined ? {} : { origin: options.origin }),
    ...(options.headers === undefined ? {} : { headers: options.headers })
  })
  const frames: unknown[] = []
  socket.on('message', (data) => frames.push(JSON.parse(textOf(data))))
  open.push(socket)
  return Object.assign(socket, { frames })
}

async function refusedWith(socket: WebSocket): Promise<{ status: number; code: string; type: string }> {
  socket.on('error', () => undefined)
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, import('node:http').IncomingMessage]
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return { ...(JSON.parse(text) as { status: number; code: string }), type: String(response.headers['content-type']) }
}

const closing = async (socket: WebSocket): Promise<number> => ((await once(socket, 'close')) as [number])[0]

describe('a WebSocket', () => {
  it('knows its user by the token among the sub-protocols, and never answers with that one', async () => {
    const socket = connect('/ws/mine/7', { protocols: [`bearer.${await token()}`, 'gavel.v1'] })
    await once(socket, 'open')
    expect(socket.protocol).toBe('gavel.v1')
    await eventually(() => socket.frames.length === 1)
    expect(socket.frames[0]).toEqual({ hello: 'u', id: '7' })
  })

  it('takes the token from a header too', async () => {
    const socket = connect('/ws/mine/7', { headers: { authorization: `Bearer ${await token()}` } })
    await eventually(() => socket.frames.length === 1)
  })

  it('is refused before it opens, by a problem document, without a token or with a wrong one', async () => {
    expect(await refusedWith(connect('/ws/mine/7'))).toMatchObject({
      status: 401,
      code: 'UNAUTHENTICATED',
      type: expect.stringContaining('problem+json')
    })
    expect(await refusedWith(connect('/ws/all/7', { protocols: ['gavel.v1', 'bearer.nonsense'] }))).toMatchObject({
      status: 401
    })
    expect(
      await refusedWith(connect('/ws/all/7', { protocols: ['gavel.v1', `bearer.${await token('-1s')}`] }))
    ).toMatchObject({ status: 401 })
  })

  it('may be anonymous where that is allowed', async () => {
    const socket = connect('/ws/all/7')
    await eventually(() => socket.frames.length === 1)
    expect(socket.frames[0]).toEqual({ hello: null, id: '7' })
  })

  it('is refused to pages of other origins', async () => {
    expect(await refusedWith(connect('/ws/all/7', { origin: 'https://evil.test' }))).toMatchObject({
      status: 403,
      code: 'FORBIDDEN'
    })
    await once(connect('/ws/all/7', { origin: 'https://pages.test' }), 'open')
    await once(connect('/ws/all/7', { origin: base.replace('ws', 'http') }), 'open')
  })

  it('at an unknown address is refused with 404, and a plain GET with 400', async () => {
    expect(await refusedWith(connect('/ws/none'))).toMatchObject({ status: 404, code: 'NOT_FOUND' })
    expect(((await (await fetch(`${base.replace('ws', 'http')}/ws/all/7`)).json()) as { code: string }).code).toBe(
      'INVALID_INPUT'
    )
  })

  it('closes when its token ends', async () => {
    const socket = connect('/ws/mine/7', { protocols: ['gavel.v1', `bearer.${await token('2s')}`] })
    await once(socket, 'open')
    expect(await closing(socket)).toBe(4401)
  })

  it('closes at a message that is too long, and nobody gets it', async () => {
    const socket = connect('/ws/mine/7', { protocols: ['gavel.v1', `bearer.${await token()}`] })
    await once(socket, 'open')
    socket.send('x'.repeat(101))
    expect(await closing(socket)).toBe(1009)
    expect(received.some((text) => text.length > 100)).toBe(false)
  })

  it('closes at too many messages, of which only the allowed ones are heard', async () => {
    const socket = connect('/ws/mine/7', { protocols: ['gavel.v1', `bearer.${await token()}`] })
    await once(socket, 'open')
    for (let index = 0; index < 50; index += 1) socket.send(`many-${index}`)
    expect(await closing(socket)).toBe(4429)
    const heard = received.filter((text) => text.startsWith('many-')).length
    expect(heard).toBeGreaterThanOrEqual(10)
    expect(heard).toBeLessThanOrEqual(12)
  })

  it('is held to the rate that the settings say now, whatever its route says', async () => {
    const socket = connect('/ws/all/8')
    await once(socket, 'open')
    for (let count = 0; count < 20; count += 1) socket.send(`before-${count}`)
    await eventually(() => received.includes('before-19'))
    context.settings.replace({ rateLimits: { webSocketMessagesPerMinute: 6 } })
    for (let count = 0; count < 20; count += 1) socket.send(`after-${count}`)
    expect(await closing(socket)).toBe(4429)
    expect(received.filter((text) => text.startsWith('after-')).length).toBeLessThan(20)
    context.settings.replace({})
  })

  it('whose handler fails closes, and the process goes on', async () => {
    expect(await closing(connect('/ws/broken'))).toBe(1011)
    await once(connect('/ws/all/7'), 'open')
  })

  it('is told to come again when the process ends', async () => {
    const socket = connect('/ws/all/7')
    await eventually(() => socket.frames.length === 1)
    const closed = closing(socket)
    await context.closers.closeAll(10_000)
    expect(await closed).toBe(1012)
  })
})
