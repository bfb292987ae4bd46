import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A TCP address in front of a backend that can be shut, cut, or made to swallow the backend's answers. */
export interface Gate {
  address: string
  port: number
  shut(): void
  open(): void
  /** Ends every connection; new ones are let through. */
  cut(): void
  /** Requests still reach the backend, but no answer comes back until the connections are cut. */
  swallowAnswers(): void
  close(): Promise<void>
}

export async function openGate(
  backend: { host: string; port: number },
  rewriteAnswer: (data: Buffer, ownPort: number) => Buffer = (data) => data
): Promise<Gate> {
  const sockets = new Set<Socket>()
  let isOpen = true
  let swallowing = false
  const server = createServer((client) => {
    if (!isOpen) {
      client.destroy()
      return
    }
    const upstream = connect(backend)
    const pair = [client, upstream]
    for (const socket of pair) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        for (const one of pair) one.destroy()
      })
    }
    client.on('data', (data) => upstream.write(data))
    upstream.on('data', (data: Buffer) => {
      if (!swallowing) client.write(rewriteAnswer(data, port))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const cut = (): void => {
    swallowing = false
    for (const socket of sockets) socket.destroy()
  }
  return {
    address: `127.0.0.1:${port}`,
    port,
    shut: () => {
      isOpen = false
      cut()
    },
    open: () => {
      isOpen = true
    },
    cut,
    swallowAnswers: () => {
      swallowing = true
    },
    close: async () => {
      cut()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

/**
 * A client of Kafka learns the broker's own address from its metadata and would go round the gate, so the port beside the
 * host is replaced in what the broker answers; the length stays the same.
 */
export async function kafkaGate(broker: string): Promise<Gate> {
  const colon = broker.lastIndexOf(':')
  const backend = { host: broker.slice(0, colon), port: Number(broker.slice(colon + 1)) }
  const address = Buffer.alloc(backend.host.length + 4)
  address.write(backend.host)
  address.writeInt32BE(backend.port, backend.host.length)
  return await openGate(backend, (data, ownPort) => {
    for (let at = data.indexOf(address); at >= 0; at = data.indexOf(address, at + 1))
      data.writeInt32BE(ownPort, at + backend.host.length)
    return data
  })
}

/** The same for a replica set of one: a direct connection asks nobody else for addresses. */
export async function mongodbGate(url: string): Promise<{ gate: Gate; url: string }> {
  const { hostname, port } = new URL(url)
  const gate = await openGate({ host: hostname, port: Number(port) })
  return { gate, url: `mongodb://${gate.address}/?directConnection=true&serverSelectionTimeoutMS=2000` }
}
