import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { WebSocket } from 'ws'
import type { LiveFrame } from '@gavel/contracts/api/web-socket.ts'
import { afterDecided, afterOpened, unknownAuction, type Decided, type Opened } from '../domain/auction-picture.ts'
import { derivedPseudonym } from '../domain/pseudonym.ts'
import { AuctionFeed, type Watcher } from './auction-feed.ts'
import { Laggards, LiveConnection } from './connection.ts'

const opened: Opened = {
  auctionId: 'a1',
  productId: 'p1',
  title: 'A lamp',
  mode: 'english',
  currency: 'EUR',
  openingPriceMinor: 1_000,
  quantity: 1,
  startsAt: 0,
  endsAt: 900
}
const decided = (sequence: number): Decided => ({
  auctionId: 'a1',
  sequence,
  decidedAt: sequence,
  bids: [],
  outbidUserIds: [],
  standing: {
    priceMinor: sequence,
    priceToBeatMinor: sequence + 1,
    leaderUserId: null,
    reserveMet: true,
    bidCount: 0,
    quantityLeft: 1,
    endsAt: 900
  },
  hash: 'a'.repeat(64)
})
const stored = (sequence: number) =>
  afterDecided(afterOpened(unknownAuction('a1'), opened), decided(sequence), derivedPseudonym)
const limits = { bufferBytesMax: 100, behindMsMax: 60_000 }

/** A socket whose reader can stop reading. */
class Reader {
  readonly OPEN = 1
  readyState = 1
  bufferedAmount = 0
  at: number | undefined
  readonly breaches: string[] = []
  frames = 0
  readonly connection = new LiveConnection(this as unknown as WebSocket, undefined, limits)
  watcher: Watcher | undefined

  send(data: Buffer): void {
    const frame = JSON.parse(data.toString()) as LiveFrame
    this.frames++
    if (frame.type === 'event' && frame.sequence !== (this.at ?? Number.NaN) + 1)
      this.breaches.push(`${frame.sequence} after ${this.at}`)
    if (frame.type === 'snapshot' && frame.sequence < (this.at ?? 0))
      this.breaches.push(`back to ${frame.sequence} from ${this.at}`)
    if ('sequence' in frame) this.at = frame.sequence
  }
}

function aFeed() {
  const laggards = new Laggards(limits, () => undefined)
  laggards.stop()
  const feed = new AuctionFeed('a1', { laggards, clock: () => 10, onFrames: () => undefined })
  feed.opened(opened)
  return { feed, laggards }
}

describe('an auction’s feed', () => {
  it('sends a watcher the snapshot and then each entry', () => {
    const { feed } = aFeed()
    const reader = new Reader()
    feed.watch(reader.connection, undefined)
    for (const sequence of [1, 2, 3]) feed.decided(decided(sequence))
    expect([reader.frames, reader.at, reader.breaches]).toEqual([4, 3, []])
  })
  it('resumes what it still keeps without a snapshot', () => {
    const { feed } = aFeed()
    for (const sequence of [1, 2, 3, 4]) feed.decided(decided(sequence))
    const reader = new Reader()
    reader.at = 2
    feed.watch(reader.connection, 2)
    expect([reader.frames, reader.at, reader.breaches]).toEqual([2, 4, []])
  })
  it('sends nothing more to one who has gone', () => {
    const { feed } = aFeed()
    const reader = new Reader()
    feed.unwatch(feed.watch(reader.connection, undefined))
    feed.decided(decided(1))
    expect(reader.at).toBe(0)
  })

  it('serialises a frame once for all its watchers', () => {
    const { feed } = aFeed()
    const sent = new Set<Buffer>()
    for (let count = 0; count < 50; count++) {
      const reader = new Reader()
      feed.watch(reader.connection, undefined)
      reader.send = (data) => void sent.add(data)
    }
    feed.decided(decided(1))
    expect(sent.size).toBe(1)
  })
  it('sends a crowd fewer frames than entries, and the newest of them in the end', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'] })
    try {
      const { feed } = aFeed()
      const crowd = Array.from({ length: 2_000 }, () => new Reader())
      // Each send takes its time.
      const { send } = Reader.prototype
      for (const reader of crowd) {
        reader.send = (data) => {
          vi.advanceTimersByTime(0.02)
          send.call(reader, data)
        }
      }
      for (const { connection } of crowd) feed.watch(connection, undefined)
      for (let sequence = 1; sequence <= 100; sequence++) {
        feed.decided(decided(sequence))
        vi.advanceTimersByTime(2)
      }
      vi.advanceTimersByTime(1_000)
      for (const reader of [crowd[0]!, crowd[1_999]!]) {
        expect([reader.at, reader.breaches]).toEqual([100, []])
        expect(reader.frames).toBeLessThan(10)
      }
    } finally {
      vi.useRealTimers()
    }
  })

  it('shows every reader a stream without gap or double that ends at the newest entry, whatever is lost, late, slow or resumed', () => {
    type Move = 'next' | 'lose' | 'repeat' | 'store' | 'join' | 'leave' | 'resume' | 'stall' | 'drain'
    const move = fc.constantFrom<Move>(
      'next',
      'next',
      'next',
      'lose',
      'repeat',
      'store',
      'join',
      'leave',
      'resume',
      'stall',
      'drain'
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(move, fc.nat({ max: 9 })), { maxLength: 80 }), (moves) => {
        const { feed, laggards } = aFeed()
        let sequence = 0
        const readers: Reader[] = []
        const gone: Reader[] = []
        const pick = (list: Reader[], index: number): Reader | undefined => list[index % Math.max(list.length, 1)]
        const join = (reader: Reader): void => {
          reader.watcher = feed.watch(reader.connection, reader.at)
          readers.push(reader)
        }
        const drain = (reader: Reader): void => {
          reader.bufferedAmount = 0
          if (!laggards.has(reader.watcher!)) return
          laggards.delete(reader.watcher!)
          reader.watcher!.catchUp()
        }
        for (const [next, index] of moves) {
          const reader = pick(readers, index)
          if (next === 'next') feed.decided(decided(++sequence))
          else if (next === 'lose') sequence++
          else if (next === 'repeat' && sequence > 0) feed.decided(decided(Math.max(1, sequence - index)))
          else if (next === 'store' && sequence > 0) feed.adopt(stored(Math.max(1, sequence - index)))
          else if (next === 'join') join(new Reader())
          else if (next === 'resume' && gone.length > 0) join(gone.pop()!)
          else if (next === 'leave' && reader) {
            feed.unwatch(reader.watcher!)
            gone.push(...readers.splice(readers.indexOf(reader), 1))
            reader.bufferedAmount = 0
          } else if (next === 'stall' && reader) reader.bufferedAmount = 1_000
          else if (next === 'drain' && reader) drain(reader)
        }
        if (sequence > 0) feed.adopt(stored(sequence))
        readers.forEach(drain)
        for (const reader of [...readers, ...gone]) expect(reader.breaches).toEqual([])
        for (const reader of readers) expect(reader.at).toBe(sequence)
      }),
      { numRuns: 1_000 }
    )
  })
})
