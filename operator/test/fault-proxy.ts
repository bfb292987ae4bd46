import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { KubeConfig } from '@kubernetes/client-node'
import { Agent, fetch } from 'undici'
import type { ApiServer } from '../../test/cluster/api-server.ts'

/** What a proxy in front of the API server does to a request instead of passing it on. */
export type FaultRule =
  | { do: 'answer'; status: number; reason?: string; retryAfterSeconds?: number }
  /** Sends a watch's headers and one ERROR event, as the API server does for a version it no longer keeps. */
  | { do: 'error-event'; code: number; reason: string }
  /** Passes the headers and then nothing: a watch that looks open and is dead. */
  | { do: 'silence' }
  | { do: 'reset' }

export interface FaultProxy {
  config: KubeConfig
  /** Requests seen, as `METHOD path?query`. */
  requests: string[]
  /** Asks for a fault; `undefined` passes the request on. Replaced freely while the proxy runs. */
  rule: (request: { method: string; url: string; isWatch: boolean }) => FaultRule | undefined
  /** Cuts every open connection. */
  cutAll(): void
  stop(): Promise<void>
}

/** A plain HTTP proxy before a real API server, on loopback, that injects 410, 429, 500, resets and silence. */
export async function startFaultProxy(api: ApiServer): Promise<FaultProxy> {
  const cluster = api.config.getCurrentCluster()
  const ca = Buffer.from(cluster?.caData ?? '', 'base64').toString()
  const dispatcher = new Agent({ connect: { ca } })
  const open = new Set<ServerResponse>()
  const proxy = { requests: [] as string[], rule: () => undefined } as unknown as FaultProxy

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = request.url ?? '/'
    const method = request.method ?? 'GET'
    proxy.requests.push(`${method} ${url}`)
    open.add(response)
    response.once('close', () => open.delete(response))
    const fault = proxy.rule({ method, url, isWatch: url.includes('watch=true') })
    if (fault) return inject(fault, response)
    const body = await new Response(Readable.toWeb(request) as unknown as ReadableStream).text()
    const {
      host: _host,
      connection: _connection,
      'transfer-encoding': _encoding,
      'content-length': _length,
      ...headers
    } = request.headers
    const abort = new AbortController()
    response.once('close', () => abort.abort())
    const answer = await fetch(api.url + url, {
      method,
      headers: headers as Record<string, string>,
      dispatcher,
      signal: abort.signal,
      ...(body === '' ? {} : { body })
    })
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' })
    response.flushHeaders()
    if (answer.body) for await (const chunk of answer.body) response.write(chunk)
    response.end()
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const config = new KubeConfig()
  const token = api.config.getCurrentUser()?.token
  config.loadFromClusterAndUser(
    { name: 'proxy', server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, skipTLSVerify: true },
    { name: 'admin', ...(token === undefined ? {} : { token }) }
  )
  proxy.config = config
  proxy.cutAll = () => {
    for (const response of open) response.destroy()
  }
  proxy.stop = async () => {
    proxy.cutAll()
    await new Promise((resolve) => server.close(resolve))
    await dispatcher.destroy()
  }
  return proxy
}

function inject(fault: FaultRule, response: ServerResponse): void {
  switch (fault.do) {
    case 'answer': {
      const headers = fault.retryAfterSeconds === undefined ? {} : { 'retry-after': String(fault.retryAfterSeconds) }
      response.writeHead(fault.status, { 'content-type': 'application/json', ...headers })
      response.end(
        JSON.stringify({ kind: 'Status', code: fault.status, reason: fault.reason ?? '', message: 'injected' })
      )
      return
    }
    case 'error-event':
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(
        `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: fault.code, reason: fault.reason, metadata: {} } })}\n`
      )
      return
    case 'silence':
      response.writeHead(200, { 'content-type': 'application/json' })
      response.flushHeaders()
      return
    case 'reset':
      response.socket?.resetAndDestroy()
      return
    default:
      fault satisfies never
  }
}
