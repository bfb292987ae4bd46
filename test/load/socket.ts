import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

export type SocketOptions = {
  host: string
  port: number
  path: string
  token?: string | undefined
  /** Each text frame, when it has come whole. */
  onText: (text: string, socket: LoadSocket) => void
  onFailure: (error: Error) => void
}

const opcodes = { text: 1, close: 8, ping: 9, pong: 10 } as const

/**
 * A WebSocket on a bare socket, as much of RFC 6455 as a load generator needs: ten thousand of a general client's cost more than the
 * server under test. It masks with zeros, which leaves the bytes as they are.
 */
export class LoadSocket {
  #socket: Socket
  #options: SocketOptions
  #pending: Buffer | undefined
  #isOpen = false
  #failure: Error | undefined
  #opened: () => void

  private constructor(socket: Socket, options: SocketOptions, opened: () => void) {
    this.#socket = socket
    this.#options = options
    this.#opened = opened
  }

  static open(options: SocketOptions): Promise<LoadSocket> {
    const { host, port, path, token } = options
    const head = [
      `GET ${path} HTTP/1.1`,
      `host: ${host}:${port}`,
      'connection: upgrade',
      'upgrade: websocket',
      'sec-websocket-version: 13',
      `sec-websocket-key: ${randomBytes(16).toString('base64')}`,
      'sec-websocket-protocol: gavel.v1',
      ...(token === undefined ? [] : [`authorization: Bearer ${token}`])
    ]
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true })
      const self = new LoadSocket(socket, { ...options, onFailure: failed }, () => resolve(self))
      function failed(error: Error): void {
        reject(error)
        options.onFailure(error)
      }
      socket.once('connect', () => socket.write(`${head.join('\r\n')}\r\n\r\n`, 'latin1'))
      socket.on('data', (chunk) => self.#read(chunk))
      socket.on('error', (error) => self.#fail(error))
      socket.on('close', () => self.#fail(new Error('The server closed a WebSocket')))
    })
  }

  #fail(error: Error): void {
    if (this.#failure) return
    this.#failure = error
    this.#options.onFailure(error)
  }

  send(text: string): void {
    this.#write(opcodes.text, Buffer.from(text, 'latin1'))
  }

  #write(opcode: number, payload: Buffer): void {
    const long = payload.length > 125
    const head = Buffer.alloc(long ? 8 : 6)
    head[0] = 0x80 | opcode
    head[1] = 0x80 | (long ? 126 : payload.length)
    if (long) head.writeUInt16BE(payload.length, 2)
    this.#socket.write(Buffer.concat([head, payload]))
  }

  #read(chunk: Buffer): void {
    let rest = this.#pending ? Buffer.concat([this.#pending, chunk]) : chunk
    if (!this.#isOpen) {
      const end = rest.indexOf('\r\n\r\n')
      if (end !== -1) {
        const status = rest.toString('latin1', 9, 12)
        if (status !== '101')
          return this.#fail(new Error(`The upgrade was answered ${rest.toString('latin1', 0, 400)}`))
        this.#isOpen = true
        rest = rest.subarray(end + 4)
        this.#opened()
      }
    }
    while (this.#isOpen) {
      const frame = frameIn(rest)
      if (!frame) break
      rest = rest.subarray(frame.end)
      this.#take(frame.opcode, frame.payload)
    }
    this.#pending = rest.length > 0 ? rest : undefined
  }

  #take(opcode: number, payload: Buffer): void {
    if (opcode === opcodes.text) this.#options.onText(payload.toString('latin1'), this)
    else if (opcode === opcodes.ping) this.#write(opcodes.pong, payload)
    else if (opcode === opcodes.close)
      this.#fail(new Error(`The server closed a WebSocket: ${payload.length >= 2 ? payload.readUInt16BE(0) : ''}`))
  }

  close(): void {
    this.#failure = new Error('closed by us')
    this.#socket.destroy()
  }
}

/** The first whole frame of a server, which masks nothing; what is sent in fragments is not expected. */
function frameIn(bytes: Buffer): { opcode: number; payload: Buffer; end: number } | undefined {
  if (bytes.length < 2) return undefined
  let [length, from] = [bytes[1]! & 0x7f, 2]
  if (length === 126) {
    if (bytes.length < 4) return undefined
    ;[length, from] = [bytes.readUInt16BE(2), 4]
  } else if (length === 127) {
    if (bytes.length < 10) return undefined
    ;[length, from] = [Number(bytes.readBigUInt64BE(2)), 10]
  }
  const end = from + length
  return bytes.length < end ? undefined : { opcode: bytes[0]! & 0x0f, payload: bytes.subarray(from, end), end }
}
