import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { LiveFrame } from '@gavel/contracts/api/web-socket.ts'
import { eventually } from '../../../test/support/eventually.ts'

type Numbered = Extract<LiveFrame, { sequence: number }>

/** A reader of /ws/live that checks, of everything it is sent, that nothing is left out and nothing comes twice. */
export class LiveClient {
  readonly frames: LiveFrame[] = []
  readonly socket: WebSocket
  readonly #at = new Map<string, number>()
  /** What broke the promise of a stream, if anything did. */
  readonly breaches: string[] = []
  closedWith: number | undefined

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data: Buffer) => this.#take(JSON.parse(data.toString()) as LiveFrame))
    socket.on('close', (code) => (this.closedWith = code))
  }

  static async open(url: string, token?: string): Promise<LiveClient> {
    const protocols = ['gavel.v1', ...(token === undefined ? [] : [`bearer.${token}`])]
    const client = new LiveClient(new WebSocket(`${url.replace('http', 'ws')}/ws/live`, protocols))
    await once(client.socket, 'open')
    return client
  }

  #take(frame: LiveFrame): void {
    this.frames.push(frame)
    if (frame.type !== 'snapshot' && frame.type !== 'event') return
    const before = this.#at.get(frame.stream)
    if (frame.type === 'event' && before !== undefined && frame.sequence !== before + 1) {
      this.breaches.push(`${frame.stream}: ${frame.sequence} after ${before}`)
    }
    if (frame.type === 'snapshot' && before !== undefined && frame.sequence < before) {
      this.breaches.push(`${frame.stream}: back to ${frame.sequence} from ${before}`)
    }
    this.#at.set(frame.stream, frame.sequence)
  }

  subscribe(stream: string, afterSequence?: number): void {
    if (afterSequence !== undefined) this.#at.set(stream, afterSequence)
    this.send({ type: 'subscribe', stream, ...(afterSequence === undefined ? {} : { afterSequence }) })
  }

  send(frame: unknown): void {
    this.socket.send(JSON.stringify(frame))
  }

  of(stream: string): Numbered[] {
    return this.frames.filter((frame): frame is Numbered => 'sequence' in frame && frame.stream === stream)
  }

  /** Until the stream has come to this sequence. */
  async reaches(stream: string, sequence: number): Promise<Numbered[]> {
    return await eventually(() => (this.#at.get(stream) ?? -1) >= sequence && this.of(stream), {
      everyMs: 10,
      what: `${stream} to reach ${sequence}; it is at ${this.#at.get(stream) ?? 'nothing'}`
    })
  }

  async problem(): Promise<Extract<LiveFrame, { type: 'problem' }>> {
    return await eventually(() => this.frames.find((frame) => frame.type === 'problem'), { everyMs: 10 })
  }

  async close(): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return
    this.socket.close()
    await once(this.socket, 'close')
  }
}
