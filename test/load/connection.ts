import { connect, type Socket } from 'node:net'

/** One answer, as much of it as a load generator can afford to look at. `text` is valid until the next answer. */
export type Answered = (status: number, text: string) => void

/**
 * A keep-alive HTTP/1.1 connection with one request under way at a time, written on bare sockets: a general client spends
 * more on a request than the server under test does, and on two cores it would be the client that is measured.
 */
export class Connection {
  #socket: Socket
  #answered: Answered = () => undefined
  #pending = ''
  #failure: Error | undefined
  #failed: (error: Error) => void

  private constructor(socket: Socket, failed: (error: Error) => void) {
    this.#socket = socket
    this.#failed = failed
  }

  static open(host: string, port: number, failed: (error: Error) => void): Promise<Connection> {
    return new Promise((resolve, reject) => {
      let connection: Connection | undefined
      const buffer = Buffer.allocUnsafe(16 * 1024)
      const socket = connect({
        host,
        port,
        noDelay: true,
        // One buffer for the connection's life, instead of one for each read.
        onread: {
          buffer,
          callback: (bytes: number) => {
            connection?.read(buffer.toString('latin1', 0, bytes))
            return true
          }
        }
      })
      connection = new Connection(socket, failed)
      socket.once('connect', () => resolve(connection))
      socket.on('error', (error) => {
        reject(error)
        connection.fail(error)
      })
      socket.on('close', () => connection.fail(new Error('The server closed a connection')))
    })
  }

  fail(error: Error): void {
    if (this.#failure) return
    this.#failure = error
    this.#failed(error)
  }

  send(request: string, answered: Answered): void {
    this.#answered = answered
    this.#socket.write(request, 'latin1')
  }

  read(chunk: string): void {
    const text = this.#pending === '' ? chunk : this.#pending + chunk
    const headEnd = text.indexOf('\r\n\r\n')
    const length = headEnd === -1 ? undefined : contentLengthOf(text, headEnd)
    if (length === undefined || text.length < headEnd + 4 + length) {
      this.#pending = text
      return
    }
    this.#pending = ''
    this.#answered(Number(text.slice(9, 12)), text)
  }

  close(): void {
    this.#failure = new Error('closed by us')
    this.#socket.destroy()
  }
}

function contentLengthOf(text: string, headEnd: number): number {
  const at = text.search(/\r\ncontent-length: /i)
  if (at === -1 || at > headEnd) throw new Error(`An answer without a content-length: ${text.slice(0, headEnd)}`)
  return Number.parseInt(text.slice(at + 18, at + 30), 10)
}
