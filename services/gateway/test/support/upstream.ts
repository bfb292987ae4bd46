import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'

export type Seen = { method: string; url: string; headers: IncomingMessage['headers']; body: string }

/** A small service that remembers what it was asked, answers with its name, and can be told to behave otherwise. */
export type Upstream = {
  name: string
  host: string
  port: number
  seen: Seen[]
  answer(handler: Handler | undefined): void
  /** Closes the port and every connection, as a killed process does. */
  kill(): Promise<void>
}

export type Handler = (request: Seen, response: ServerResponse) => void

const host = '127.0.0.1'

function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  return new Promise((resolve) => {
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => resolve(Buffer.concat(chunks).toString()))
    request.on('error', () => resolve(''))
  })
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

export async function startUpstream(name: string): Promise<Upstream> {
  const seen: Seen[] = []
  let handler: Handler | undefined
  const server = createServer((request, response) => {
    if (request.url === '/livez') return void response.end('ok')
    void bodyOf(request).then((body) => {
      const asked = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body }
      seen.push(asked)
      if (handler) return handler(asked, response)
      response.setHeader('content-type', 'application/json')
      response.setHeader('server', 'secret-name/1.0')
      response.end(JSON.stringify({ name }))
    })
  })
  const sockets = new WebSocketServer({
    server,
    handleProtocols: (protocols) => (protocols.has('gavel.v1') ? 'gavel.v1' : false)
  })
  sockets.on('connection', (socket, request) => {
    seen.push({ method: 'WS', url: request.url ?? '', headers: request.headers, body: '' })
    socket.on('message', (data: Buffer) => socket.send(`${name}: ${data.toString()}`))
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const { port } = server.address() as AddressInfo
  return {
    name,
    host,
    port,
    seen,
    answer: (next) => void (handler = next),
    kill: async () => {
      for (const socket of sockets.clients) socket.terminate()
      await closed(server)
    }
  }
}
