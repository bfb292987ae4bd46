import type { RawData, WebSocket } from 'ws'
import { SubscribeFrame } from '@gavel/contracts/api/web-socket.ts'
import { plainSchema } from '@gavel/contracts/json-schema.ts'
import { Refusal, toProblem } from '@gavel/platform/errors.ts'
import type { WebSocketConnection } from '@gavel/platform/http/web-socket.ts'
import { createAjv, explain } from '@gavel/platform/schema.ts'
import type { AuctionHub } from './auction-hub.ts'
import { frameOf, LiveConnection, type SendLimits } from './connection.ts'
import type { InboxHub } from './inbox-hub.ts'

/** Streams that one socket may follow. */
const streamsMax = 200

const validate = createAjv({ coerce: false }).compile<SubscribeFrame>(plainSchema(SubscribeFrame))

export interface LiveParts {
  auctions: AuctionHub
  inboxes: InboxHub
  limits: SendLimits
  /** Every open connection, for frames that all of them get. */
  connections: Set<LiveConnection>
  clock: () => number
}

interface Followed {
  unwatch?: (() => void) | undefined
  isWanted: boolean
}

export const timeFrame = (now: number): Buffer => frameOf({ type: 'time', serverTimeMs: now })

/** One socket of /ws/live: which streams it follows. */
export function serveLive(socket: WebSocket, { user, log }: WebSocketConnection, parts: LiveParts): void {
  const connection = new LiveConnection(socket, user?.userId, parts.limits)
  const followed = new Map<string, Followed>()
  parts.connections.add(connection)
  connection.send(timeFrame(parts.clock()))

  const problem = (error: unknown, stream?: string): void => {
    const { body } = toProblem(error, '/ws/live')
    connection.send(frameOf({ type: 'problem', ...(stream === undefined ? {} : { stream }), problem: body }))
  }

  const unsubscribe = (stream: string): void => {
    const entry = followed.get(stream)
    if (!entry) return
    entry.isWanted = false
    followed.delete(stream)
    entry.unwatch?.()
  }

  async function subscribe({ stream, afterSequence }: SubscribeFrame): Promise<void> {
    // A stream is followed once: asking again begins it anew.
    unsubscribe(stream)
    if (followed.size >= streamsMax)
      throw new Refusal('RATE_LIMITED', { detail: `One connection may follow ${streamsMax} streams` })
    const entry: Followed = { isWanted: true }
    followed.set(stream, entry)
    const options = { afterSequence, isWanted: () => entry.isWanted && connection.isOpen }
    try {
      const watching = await watch(connection, stream, options, parts)
      if (entry.isWanted) entry.unwatch = watching?.unwatch
      else watching?.unwatch()
    } catch (error) {
      if (followed.get(stream) === entry) followed.delete(stream)
      throw error
    }
  }

  async function receive(data: RawData, isBinary: boolean): Promise<void> {
    let stream: string | undefined
    try {
      const frame = parse(data, isBinary)
      stream = frame.stream
      if (frame.type === 'unsubscribe') unsubscribe(frame.stream)
      else await subscribe(frame)
    } catch (error) {
      if (!(error instanceof Refusal)) log.warn({ error, stream }, 'A live stream could not be begun')
      problem(error, stream)
    }
  }
  socket.on('message', (data: RawData, isBinary: boolean) => void receive(data, isBinary))
  socket.once('close', () => {
    parts.connections.delete(connection)
    for (const stream of followed.keys()) unsubscribe(stream)
  })
}

async function watch(
  connection: LiveConnection,
  stream: string,
  options: { afterSequence: number | undefined; isWanted: () => boolean },
  { auctions, inboxes }: LiveParts
): Promise<{ unwatch: () => void } | undefined> {
  if (stream.startsWith('auction:')) return await auctions.watch(connection, stream.slice('auction:'.length), options)
  // `me` is whoever the token names; no frame can name anybody else.
  if (connection.userId === undefined)
    throw new Refusal('UNAUTHENTICATED', { detail: 'The stream `me` needs an access token' })
  return await inboxes.watch(connection, connection.userId, options)
}

function parse(data: RawData, isBinary: boolean): SubscribeFrame {
  if (isBinary) throw new Refusal('INVALID_INPUT', { detail: 'Frames are JSON text' })
  let frame: unknown
  try {
    frame = JSON.parse(
      Buffer.isBuffer(data)
        ? data.toString()
        : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]).toString()
    )
  } catch {
    throw new Refusal('MALFORMED_JSON')
  }
  if (!validate(frame)) throw new Refusal('INVALID_INPUT', explain(validate.errors ?? [], 'frame'))
  return frame
}
