import { once } from 'node:events'
import net, { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { vi } from 'vitest'

/** A TCP proxy before a backend, so that a test can take the backend away and give it back without stopping it for others. */
export class CuttableProxy {
  readonly #target: { host: string; port: number }
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #stalled = false
  port = 0

  constructor(target: { host: string; port: number }) {
    this.#target = target
  }

  async open(): Promise<void> {
    this.#stalled = false
    const server = createServer((client) => this.#join(client))
    this.#server = server
    server.listen(this.port, '127.0.0.1')
    await once(server, 'listening')
    this.port = (server.address() as AddressInfo).port
  }

  /** Nothing listens any more and every connection is reset. */
  async cut(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    const closed = server ? once(server, 'close') : Promise.resolve()
    server?.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  /** Connections stay, and nothing comes through: the worst kind of outage. */
  stall(): void {
    this.#stalled = true
    for (const socket of this.#sockets) socket.pause()
  }

  #join(client: Socket): void {
    // Not net.connect, which a test may divert.
    const server = new net.Socket().connect(this.#target)
    for (const [from, to] of [
      [client, server],
      [server, client]
    ] as const) {
      this.#sockets.add(from)
      from.on('data', (data) => to.write(data))
      from.on('error', () => from.destroy())
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
      if (this.#stalled) from.pause()
    }
  }
}

/** Leads connections to one port of this machine to another: Kafka's clients learn the broker's own address from the broker. */
export function divert(fromPort: number, toPort: number): void {
  const connect = net.connect.bind(net) as (options: net.NetConnectOpts, onConnect?: () => void) => Socket
  vi.spyOn(net, 'connect').mockImplementation(((options: net.TcpNetConnectOpts, onConnect?: () => void) =>
    connect(
      options.port === fromPort ? { ...options, host: '127.0.0.1', port: toPort } : options,
      onConnect
    )) as typeof net.connect)
}
