import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LiveAuction, LiveInbox } from '@gavel/contracts/api/web-socket.ts'
import { auctions, bids, contacts } from '@gavel/contracts/topics.ts'
import { eventually } from '../../../test/support/eventually.ts'
import {
  auctionCancelled,
  auctionClosed,
  auctionExtended,
  auctionOpened,
  bidsDecided,
  contactChanged
} from './events.ts'
import { startHarness, type Harness, type RunningProcess } from './harness.ts'
import { LiveClient } from './live-client.ts'

let harness: Harness
let first: RunningProcess
let second: RunningProcess

beforeAll(async () => {
  harness = await startHarness({ LIVE_BUFFER_BYTES: '16384', LIVE_TIME_MS: '200' })
  first = await harness.start()
  second = await harness.start()
})
afterAll(async () => await harness?.stop())

/** An opened auction with so many entries, known to the store. */
async function anAuction(entries = 0): Promise<string> {
  const auctionId = randomUUID()
  await harness.publish(auctions, auctionOpened(auctionId))
  await decide(auctionId, 1, entries)
  await eventually(async () => {
    const stored = await harness.collections.auctions.findOne({ _id: auctionId })
    return stored?.terms && stored.sequence === entries
  })
  return auctionId
}
const decide = async (auctionId: string, from: number, to: number): Promise<void> => {
  const sequences = Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)
  if (sequences.length > 0)
    await harness.publish(bids, ...sequences.map((sequence) => bidsDecided(auctionId, sequence)))
}

describe('the stream of an auction', () => {
  test('begins with a snapshot and goes on without gap or double, in every process', async () => {
    const auctionId = await anAuction(3)
    const stream = `auction:${auctionId}`
    const clients = await Promise.all([first, second].map(({ url }) => LiveClient.open(url)))
    for (const client of clients) {
      client.subscribe(stream)
      const [snapshot] = await client.reaches(stream, 3)
      expect(snapshot).toMatchObject({
        type: 'snapshot',
        state: { title: 'A brass lamp', status: 'open', priceMinor: 1_003, bidCount: 3 }
      })
    }
    await decide(auctionId, 4, 40)
    for (const client of clients) {
      const last = (await client.reaches(stream, 40)).at(-1)!
      const state = (last.type === 'snapshot' ? last.state : (last.data as { state: LiveAuction }).state) as LiveAuction
      expect(state.priceMinor).toBe(1_040)
      expect(client.breaches).toEqual([])
    }
    await harness.publish(auctions, auctionClosed(auctionId, 41, 'winner'))
    for (const client of clients) {
      expect((await client.reaches(stream, 41)).at(-1)).toMatchObject({
        name: 'AuctionClosed',
        data: { state: { status: 'closed', outcome: 'sold' } }
      })
      await client.close()
    }
  })

  test('tells of a later end and of a cancellation; whoever comes afterwards sees the same', async () => {
    const auctionId = await anAuction(2)
    const stream = `auction:${auctionId}`
    const client = await LiveClient.open(first.url)
    client.subscribe(stream)
    await client.reaches(stream, 2)
    const endsAt = Date.now() + 7_200_000
    await harness.publish(bids, auctionExtended(auctionId, 3, endsAt))
    expect((await client.reaches(stream, 3)).at(-1)).toMatchObject({
      name: 'AuctionExtended',
      data: { state: { status: 'open', endsAt, priceMinor: 1_002, bidCount: 2 } }
    })
    await harness.publish(auctions, auctionCancelled(auctionId, 4))
    const ending = { status: 'closed', outcome: 'cancelled', cancelReason: 'It is broken', leader: null }
    expect((await client.reaches(stream, 4)).at(-1)).toMatchObject({
      name: 'AuctionCancelled',
      data: { state: ending }
    })
    expect(client.breaches).toEqual([])
    await client.close()
    const later = await LiveClient.open(second.url)
    later.subscribe(stream)
    expect((await later.reaches(stream, 4)).at(-1)).toMatchObject({ state: ending })
    await later.close()
  })

  test('shows nobody’s user id', async () => {
    const auctionId = await anAuction(1)
    const client = await LiveClient.open(first.url)
    client.subscribe(`auction:${auctionId}`)
    await client.reaches(`auction:${auctionId}`, 1)
    await decide(auctionId, 2, 3)
    await client.reaches(`auction:${auctionId}`, 3)
    expect(JSON.stringify(client.frames)).not.toContain('user-who-leads')
    await client.close()
  })

  test.each([
    ['the same process', () => first],
    ['another process', () => second]
  ])('goes on where it broke, at %s', async (_name, processOf) => {
    const auctionId = await anAuction()
    const stream = `auction:${auctionId}`
    const before = await LiveClient.open(first.url)
    const witness = await LiveClient.open(processOf().url)
    before.subscribe(stream)
    witness.subscribe(stream)
    await Promise.all([before.reaches(stream, 0), witness.reaches(stream, 0)])
    await decide(auctionId, 1, 5)
    await before.reaches(stream, 5)
    before.socket.terminate()
    await decide(auctionId, 6, 15)
    await witness.reaches(stream, 15)

    const after = await LiveClient.open(processOf().url)
    after.subscribe(stream, 5)
    await after.reaches(stream, 15)
    expect(after.breaches).toEqual([])
    await decide(auctionId, 16, 20)
    await after.reaches(stream, 20)
    expect(after.breaches).toEqual([])
    await Promise.all([after.close(), witness.close()])
  })

  test('after a break longer than what is kept begins with a snapshot', async () => {
    const auctionId = await anAuction()
    const stream = `auction:${auctionId}`
    const client = await LiveClient.open(first.url)
    client.subscribe(stream)
    await client.reaches(stream, 0)
    await decide(auctionId, 1, 200)
    await client.reaches(stream, 200)
    const late = await LiveClient.open(first.url)
    late.subscribe(stream, 3)
    expect((await late.reaches(stream, 200))[0]).toMatchObject({ type: 'snapshot', sequence: 200 })
    await Promise.all([client.close(), late.close()])
  })

  test('entries that come late or twice over two topics never turn it back', async () => {
    const auctionId = await anAuction(2)
    const stream = `auction:${auctionId}`
    const client = await LiveClient.open(second.url)
    client.subscribe(stream)
    await client.reaches(stream, 2)
    await harness.publish(auctions, auctionClosed(auctionId, 5, null))
    await client.reaches(stream, 5)
    await decide(auctionId, 2, 4)
    await eventually(async () => (await harness.collections.auctions.findOne({ _id: auctionId }))?.closed)
    const late = await LiveClient.open(second.url)
    late.subscribe(stream)
    expect((await late.reaches(stream, 5))[0]).toMatchObject({ state: { status: 'closed' } })
    expect(client.breaches).toEqual([])
    await Promise.all([client.close(), late.close()])
  })

  test('of an auction nobody opened is unknown', async () => {
    const client = await LiveClient.open(first.url)
    client.subscribe('auction:nowhere')
    expect(await client.problem()).toMatchObject({ stream: 'auction:nowhere', problem: { code: 'STREAM_UNKNOWN' } })
    await client.close()
  })

  test('may be asked for a moment before its auction is known', async () => {
    const auctionId = randomUUID()
    const client = await LiveClient.open(first.url)
    client.subscribe(`auction:${auctionId}`)
    await harness.publish(auctions, auctionOpened(auctionId))
    await client.reaches(`auction:${auctionId}`, 0)
    expect(client.frames.filter(({ type }) => type === 'problem')).toEqual([])
    await client.close()
  })
})

describe('a reader that does not read', () => {
  test('costs a bounded buffer, and gets the newest state when it reads again', async () => {
    const auctionId = randomUUID()
    const stream = `auction:${auctionId}`
    // A long title makes large frames, and those fill the kernel's buffers sooner.
    await harness.publish(auctions, auctionOpened(auctionId, { title: 'A very long title '.repeat(11) }))
    const [slow, quick] = [await LiveClient.open(first.url), await LiveClient.open(first.url)]
    for (const client of [slow, quick]) {
      client.subscribe(stream)
      await client.reaches(stream, 0)
    }
    slow.socket.pause()
    let sequence = 0
    await eventually(
      async () => {
        await decide(auctionId, sequence + 1, sequence + 1_000)
        sequence += 1_000
        await quick.reaches(stream, sequence)
        const metrics = await fetch(`${first.url}/metrics`).then((response) => response.text())
        return /gavel_live_slow_readers_total\{[^}]*coalesced[^}]*\} [1-9]/.test(metrics)
      },
      { withinMs: 60_000, everyMs: 1, what: 'the buffers on the way to be full' }
    )
    await decide(auctionId, sequence + 1, sequence + 500)
    sequence += 500
    await quick.reaches(stream, sequence)

    slow.socket.resume()
    const frames = await slow.reaches(stream, sequence)
    expect(slow.breaches).toEqual([])
    expect(frames.length).toBeLessThan(sequence)
    expect(frames.filter(({ type }) => type === 'snapshot').length).toBeGreaterThan(1)
    await Promise.all([slow.close(), quick.close()])
  })
})

describe('the stream `me`', () => {
  const anyUser = async (): Promise<{ userId: string; token: string }> => {
    const userId = randomUUID()
    return { userId, token: await harness.issuer.token({ userId }) }
  }
  const outbid = async (userId: string, auctionId: string, from: number, to: number): Promise<void> => {
    const sequences = Array.from({ length: to - from + 1 }, (_, index) => from + index)
    await harness.publish(
      bids,
      ...sequences.map((sequence) => bidsDecided(auctionId, sequence, { outbidUserIds: [userId] }))
    )
  }

  test('brings each stored notification once, to every process, and goes on where it broke', async () => {
    const { userId, token } = await anyUser()
    const auctionId = await anAuction()
    const clients = await Promise.all([first, second].map(({ url }) => LiveClient.open(url, token)))
    for (const client of clients) {
      client.subscribe('me')
      const [snapshot] = await client.reaches('me', 0)
      expect((snapshot as { state: unknown }).state).toEqual({ unread: 0, newest: [] } satisfies LiveInbox)
    }
    await harness.publish(contacts, contactChanged(userId))
    await outbid(userId, auctionId, 1, 20)
    for (const client of clients) {
      const frames = await client.reaches('me', 21)
      expect(frames.slice(1).map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: 21 }, (_, index) => index + 1)
      )
      expect(client.breaches).toEqual([])
    }
    await Promise.all(clients.map((client) => client.close()))

    await outbid(userId, auctionId, 21, 30)
    const back = await LiveClient.open(second.url, token)
    back.subscribe('me', 15)
    const frames = await back.reaches('me', 31)
    expect(frames.map(({ type, sequence }) => [type, sequence])).toEqual(
      Array.from({ length: 16 }, (_, index) => ['event', index + 16])
    )
    await back.close()
  })

  test('needs a token, and shows nobody else’s', async () => {
    const victim = await anyUser()
    await harness.publish(contacts, contactChanged(victim.userId, { displayName: 'Secret Name' }))
    await harness.notificationsOf(first, victim.userId, 1)

    const nobody = await LiveClient.open(first.url)
    nobody.subscribe('me')
    expect(await nobody.problem()).toMatchObject({ stream: 'me', problem: { code: 'UNAUTHENTICATED' } })

    const other = await LiveClient.open(first.url, (await anyUser()).token)
    for (const stream of [`me:${victim.userId}`, `user:${victim.userId}`, `auction:${victim.userId}/../me`])
      other.subscribe(stream)
    other.send({ type: 'subscribe', stream: 'me', userId: victim.userId })
    await eventually(() => other.frames.filter(({ type }) => type === 'problem').length === 4)
    other.subscribe('me')
    await other.reaches('me', 0)
    expect(JSON.stringify(other.frames)).not.toContain('Secret Name')
    await Promise.all([nobody.close(), other.close()])
  })

  test('ends when its token does', async () => {
    const token = await harness.issuer.token({ userId: randomUUID(), expiresInS: 2 })
    const client = await LiveClient.open(first.url, token)
    client.subscribe('me')
    await client.reaches('me', 0)
    expect(await eventually(() => client.closedWith)).toBe(4401)
  })

  test('is not opened by a token that is not ours', async () => {
    await expect(LiveClient.open(first.url, 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.')).rejects.toThrow('401')
  })
})

describe('a connection', () => {
  test('is told the server’s time at once and at intervals', async () => {
    const client = await LiveClient.open(first.url)
    await eventually(() => client.frames.filter(({ type }) => type === 'time').length > 2)
    expect(client.frames[0]).toMatchObject({ type: 'time', serverTimeMs: expect.any(Number) })
    await client.close()
  })

  test.each([
    ['no JSON', '{', 'MALFORMED_JSON'],
    ['another form', '{"type":"subscribe"}', 'INVALID_INPUT'],
    ['a stream of no kind', '{"type":"subscribe","stream":"everything"}', 'INVALID_INPUT'],
    ['a sequence below zero', '{"type":"subscribe","stream":"me","afterSequence":-1}', 'INVALID_INPUT']
  ])('that sends %s is answered with a problem and lives on', async (_name, text, code) => {
    const client = await LiveClient.open(first.url)
    client.socket.send(text)
    expect((await client.problem()).problem).toMatchObject({ code })
    expect(client.closedWith).toBeUndefined()
    await client.close()
  })

  test('that unsubscribes hears no more', async () => {
    const auctionId = await anAuction(1)
    const [client, witness] = [await LiveClient.open(first.url), await LiveClient.open(first.url)]
    const stream = `auction:${auctionId}`
    for (const each of [client, witness]) {
      each.subscribe(stream)
      await each.reaches(stream, 1)
    }
    client.send({ type: 'unsubscribe', stream })
    client.send({})
    await client.problem()
    await decide(auctionId, 2, 3)
    await witness.reaches(stream, 3)
    expect(client.of(stream).at(-1)?.sequence).toBe(1)
    await Promise.all([client.close(), witness.close()])
  })
})

test('notification ends in good order at SIGTERM and tells its readers to come again', async () => {
  const client = await LiveClient.open(second.url)
  expect(await second.end('SIGTERM')).toBe(0)
  expect(await eventually(() => client.closedWith)).toBe(1012)
})
