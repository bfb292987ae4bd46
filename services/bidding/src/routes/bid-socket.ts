import type { FastifyInstance } from 'fastify'
import type { Logger } from '@gavel/platform/log.ts'
import { plainSchema } from '@gavel/contracts/json-schema.ts'
import { PlaceBidFrame, type BidAnswerFrame } from '@gavel/contracts/api/web-socket.ts'
import { Bug, Refusal, toFailure, toProblem } from '@gavel/platform/errors.ts'
import { webSocketRoute } from '@gavel/platform/http/web-socket.ts'
import { createAjv, explain } from '@gavel/platform/schema.ts'
import { withSpan } from '@gavel/platform/telemetry.ts'
import type { House } from '../house.ts'
import { acceptedOnly } from './place-bid.ts'

const auctionIdForm = /^[A-Za-z0-9_-]{1,64}$/
const isPlaceBidFrame = createAjv({ coerce: false }).compile<PlaceBidFrame>(plainSchema(PlaceBidFrame))

/** `/ws/auctions/:auctionId`: each frame is one bid, on the same path as a bid over HTTP, answered with its bid id. */
export function serveBidSocket(app: FastifyInstance, house: House): void {
  const options = { authenticate: 'required', maxPayloadBytes: 4096, messagesPerMinute: 6000 } as const
  webSocketRoute(app, '/ws/auctions/:auctionId', options, (socket, connection) => {
    const { user, log } = connection
    const { auctionId } = connection.params
    if (!user || auctionId === undefined) return
    socket.on('message', (data: Buffer) => {
      // Below the request that opened the connection, whose header says whether any of it is sampled.
      const { traceparent } = connection.request.headers
      const parent = typeof traceparent === 'string' ? traceparent : undefined
      void withSpan({ name: 'bid /ws/auctions/:auctionId', kind: 'server', parent }, () =>
        answer(house, auctionId, user.userId, data, log)
      ).then((frame) => connection.send(frame))
    })
  })
}

async function answer(
  house: House,
  auctionId: string,
  userId: string,
  data: Buffer,
  log: Logger
): Promise<BidAnswerFrame> {
  let bidId: string | undefined
  try {
    if (!auctionIdForm.test(auctionId)) throw new Refusal('AUCTION_NOT_FOUND')
    const { bid } = frameOf(data)
    bidId = bid.bidId
    return { type: 'receipt', receipt: acceptedOnly(await house.place(auctionId, userId, bid)) }
  } catch (error) {
    const failure = toFailure(error)
    if (failure instanceof Bug) log.error({ error: failure.cause, auctionId }, 'A bid frame failed by our own mistake')
    const problem = toProblem(failure, `/ws/auctions/${auctionId}`).body
    return bidId === undefined ? { type: 'problem', problem } : { type: 'problem', bidId, problem }
  }
}

function frameOf(data: Buffer): PlaceBidFrame {
  let frame: unknown
  try {
    frame = JSON.parse(data.toString())
  } catch {
    throw new Refusal('MALFORMED_JSON')
  }
  if (!isPlaceBidFrame(frame)) throw new Refusal('INVALID_INPUT', explain(isPlaceBidFrame.errors ?? [], 'frame'))
  return frame
}
