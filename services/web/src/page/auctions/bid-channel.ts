import type { BidReceipt, BidRequest } from '@gavel/contracts/api/bidding.ts'
import type { BidAnswerFrame } from '@gavel/contracts/api/web-socket.ts'
import { callUntilAnswered } from '../api/call.ts'
import { webSocketAddress, webSocketProtocols } from '../api/live.ts'
import { Problem, problemOf, unreachable } from '../api/problem.ts'
import { accessToken } from '../api/session.ts'

type Waiting = {
  bid: BidRequest
  since: number
  sends: number
  resolve: (receipt: BidReceipt) => void
  reject: (problem: Problem) => void
}

/** An answer that has not come by then will not come over this connection. */
const answerWithinMs = 6_000
/** So long a bid is sent again and again; then its fate is looked up when there is a connection, and not before. */
const giveUpAfterMs = 60_000

/**
 * Bids of one auction over its WebSocket. A bid whose connection breaks is sent again under the same id, over the next one: the ledger knows
 * the id and answers with the same receipt, so it is never bid twice. Where WebSockets do not come through, HTTP does the same.
 */
export class BidChannel {
  readonly #auctionId: string
  readonly #onWaiting: (isReconnecting: boolean) => void
  readonly #waiting = new Map<string, Waiting>()
  #socket: WebSocket | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #failures = 0
  #isClosed = false

  constructor(auctionId: string, onWaiting: (isReconnecting: boolean) => void = () => undefined) {
    this.#auctionId = auctionId
    this.#onWaiting = onWaiting
  }

  place(bid: BidRequest): Promise<BidReceipt> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(bid.bidId, { bid, since: Date.now(), sends: 0, resolve, reject })
      if (this.#socket?.readyState === WebSocket.OPEN) this.#sendAll()
      else void this.#open()
    })
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#socket?.close()
  }

  async #open(): Promise<void> {
    if (this.#isClosed || (this.#socket && this.#socket.readyState <= WebSocket.OPEN)) return
    const token = await accessToken()
    if (this.#isClosed || (this.#socket && this.#socket.readyState <= WebSocket.OPEN)) return
    const socket = new WebSocket(
      webSocketAddress(`/ws/auctions/${encodeURIComponent(this.#auctionId)}`),
      webSocketProtocols(token)
    )
    this.#socket = socket
    let wasOpen = false
    socket.addEventListener('open', () => {
      wasOpen = true
      this.#failures = 0
      this.#onWaiting(false)
      this.#sendAll()
    })
    socket.addEventListener('message', ({ data }) => this.#receive(JSON.parse(String(data)) as BidAnswerFrame))
    socket.addEventListener('close', () => {
      if (this.#socket !== socket) return
      this.#socket = undefined
      this.#broken(wasOpen)
    })
  }

  #sendAll(): void {
    for (const waiting of this.#waiting.values()) {
      waiting.sends += 1
      this.#socket?.send(JSON.stringify({ type: 'bid', bid: waiting.bid }))
    }
    clearTimeout(this.#timer)
    // A connection can be dead without saying so.
    if (this.#waiting.size > 0) this.#timer = setTimeout(() => this.#drop(), answerWithinMs)
  }

  #drop(): void {
    const socket = this.#socket
    this.#socket = undefined
    socket?.close()
    this.#broken(true)
  }

  #broken(wasOpen: boolean): void {
    clearTimeout(this.#timer)
    if (this.#isClosed || this.#waiting.size === 0) return
    this.#failures = wasOpen ? 1 : this.#failures + 1
    this.#onWaiting(true)
    for (const [bidId, { since, reject }] of this.#waiting) {
      if (Date.now() - since < giveUpAfterMs) continue
      this.#waiting.delete(bidId)
      reject(unreachable())
    }
    if (this.#failures === 3 && navigator.onLine) void this.#overHttp()
    const pauseMs = Math.min(4_000, 200 * 2 ** this.#failures)
    this.#timer = setTimeout(() => void this.#open(), pauseMs)
  }

  async #overHttp(): Promise<void> {
    for (const { bid } of this.#waiting.values()) {
      try {
        this.#settle(await callUntilAnswered('placeBid', { params: { auctionId: this.#auctionId }, body: bid }))
      } catch (error) {
        if (error instanceof Problem && !error.isFault) this.#refuse(bid.bidId, error)
      }
    }
  }

  #settle(receipt: BidReceipt): void {
    this.#waiting.get(receipt.bidId)?.resolve(receipt)
    this.#done(receipt.bidId)
  }

  #refuse(bidId: string, problem: Problem): void {
    this.#waiting.get(bidId)?.reject(problem)
    this.#done(bidId)
  }

  #done(bidId: string): void {
    this.#waiting.delete(bidId)
    if (this.#waiting.size === 0) {
      clearTimeout(this.#timer)
      this.#onWaiting(false)
    }
  }

  #receive(frame: BidAnswerFrame): void {
    if (frame.type === 'receipt') return this.#settle(frame.receipt)
    const status = Number((frame.problem as { status?: number }).status ?? 500)
    const problem = problemOf(status, frame.problem)
    // A fault decides nothing: the bid is sent again under its id.
    if (frame.bidId !== undefined && !problem.isFault) this.#refuse(frame.bidId, problem)
    else this.#drop()
  }
}
