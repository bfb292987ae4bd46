import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { auctions, bids, contacts, orders, payments } from '@gavel/contracts/topics.ts'
import { Secret } from '@gavel/platform/config.ts'
import { createContext } from '@gavel/platform/service.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { startMailer } from '../src/mail/mailer.ts'
import { createNotificationMetrics } from '../src/metrics.ts'
import { storeNotices, type Caused } from '../src/store/notifications.ts'
import {
  auctionClosed,
  auctionOpened,
  bidFailed,
  bidsDecided,
  crowdTold,
  endTold,
  offerMade,
  orderCreated,
  paymentRefunded,
  saleOf,
  contactChanged,
  contactErased
} from './events.ts'
import { freePort, startHarness, type Harness, type RunningProcess } from './harness.ts'

let harness: Harness
let first: RunningProcess
let inbox: RunningProcess
const settings = mkdtempSync(join(tmpdir(), 'gavel-settings-'))
const settingsFile = join(settings, 'settings.json')

beforeAll(async () => {
  harness = await startHarness({ SETTINGS_FILE: settingsFile, FILES_POLL_MS: '100' })
  inbox = await harness.startInbox()
  first = await harness.start()
})
afterAll(async () => {
  await harness?.stop()
  rmSync(settings, { recursive: true, force: true })
})

const numbersTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)
const causedBy = (eventId: string, userId: string): Caused => ({
  eventId,
  notice: { userId, kind: 'outbid', title: 'Outbid', text: 'Somebody bid more', createdAt: Date.now() }
})
const options = { mailDefaults: { outbid: false }, now: Date.now() }
const sequencesOf = async (userId: string): Promise<number[]> =>
  (await harness.collections.notifications.find({ userId }).sort({ sequence: 1 }).toArray()).map(
    ({ sequence }) => sequence
  )

describe('notifications', () => {
  test('to a crowd reach each of it once, though it is told again and in other portions', async () => {
    const [ada, bob, cid, auctionId] = [
      `ada-${randomUUID()}`,
      `bob-${randomUUID()}`,
      `cid-${randomUUID()}`,
      randomUUID()
    ]
    await harness.publish(
      auctions,
      crowdTold(auctionId, 'ending-soon', [ada]),
      crowdTold(auctionId, 'cancelled', [ada, bob]),
      crowdTold(auctionId, 'cancelled', [bob, ada]),
      crowdTold(auctionId, 'cancelled', [cid, bob])
    )
    expect((await harness.notificationsOf(first, cid, 1)).map(({ kind }) => kind)).toEqual(['cancelled'])
    const [notice] = await harness.notificationsOf(first, bob, 1)
    expect(notice).toMatchObject({ kind: 'cancelled', auctionId, text: expect.stringContaining('It is broken') })
    expect(await sequencesOf(bob)).toEqual([1])
    const adas = await harness.notificationsOf(first, ada, 2)
    expect(adas.map(({ kind }) => kind).toSorted()).toEqual(['cancelled', 'ending-soon'])
    expect(await sequencesOf(ada)).toEqual([1, 2])
  })

  test('of an end reach those who did not win once, by mail too unless they chose otherwise', async () => {
    const [ada, bob, auctionId] = [randomUUID(), randomUUID(), randomUUID()]
    await harness.publish(contacts, contactChanged(ada), contactChanged(bob))
    const path = '/api/notifications/mail-settings'
    const settings = async () => (await (await harness.call(first, bob, path)).json()) as object
    expect(await settings()).toEqual({ outbid: false, 'ending-soon': true, ended: true })
    const chosen = { outbid: true, 'ending-soon': true, ended: false }
    expect((await harness.call(first, bob, path, 'PUT', chosen)).status).toBe(200)
    expect((await harness.call(first, bob, path, 'PUT', { ended: 'perhaps' })).status).toBe(400)
    expect(await settings()).toEqual(chosen)
    await harness.publish(auctions, endTold(auctionId, [ada, bob]), endTold(auctionId, [bob, ada]))
    await harness.publish(bids, bidsDecided(auctionId, 1, { outbidUserIds: [bob] }))
    await eventually(async () => (await harness.mailsTo(`${ada}@example.com`)).length === 2)
    expect((await harness.mailsTo(`${ada}@example.com`)).map(({ subject }) => subject).toSorted()).toEqual([
      'The auction of “A brass lamp” has ended',
      'Welcome to Gavel'
    ])
    await eventually(async () => (await harness.mailsTo(`${bob}@example.com`)).length === 2)
    const bobs = await harness.notificationsOf(first, bob, 3)
    expect(bobs.map(({ kind }) => kind).toSorted()).toEqual(['ended', 'outbid', 'welcome'])
    expect(bobs.find(({ kind }) => kind === 'ended')?.text).toContain('€50.00')
    const stored = await harness.collections.notifications.findOne({ userId: bob, kind: 'ended' })
    expect(stored?.mail).toBeUndefined()
    await harness.publish(contacts, contactErased(bob))
    await eventually(async () => (await harness.collections.mailSettings.countDocuments({ _id: bob })) === 0)
  })

  test('tell each user what happened to him, once, however often its events are delivered', async () => {
    const [ada, bob, auctionId] = [`ada-${randomUUID()}`, `bob-${randomUUID()}`, randomUUID()]
    const [sale, failing] = [saleOf(auctionId, ada), saleOf(randomUUID(), ada)]
    const twice = async (): Promise<void> => {
      await harness.publish(contacts, { ...contactChanged(ada), id: `u.${ada}` })
      await harness.publish(auctions, { ...auctionOpened(auctionId), id: `o.${auctionId}` })
      await harness.publish(bids, { ...bidsDecided(auctionId, 1, { outbidUserIds: [ada, bob] }), id: `b.${auctionId}` })
      await harness.publish(
        auctions,
        { ...auctionClosed(auctionId, 2, ada), id: `c.${auctionId}` },
        { ...offerMade(auctionId, bob), id: `f.${auctionId}` }
      )
      await harness.publish(
        orders,
        { ...orderCreated(sale), id: `oc.${auctionId}` },
        { ...bidFailed(failing), id: `bf.${auctionId}` }
      )
      await harness.publish(payments, { ...paymentRefunded(failing), id: `pr.${auctionId}` })
    }
    await twice()
    await twice()
    const marker = saleOf(randomUUID(), ada)
    const adas = await harness.notificationsOf(first, ada, 6)
    expect(adas.map(({ kind }) => kind).toSorted()).toEqual([
      'failed',
      'ordered',
      'outbid',
      'refunded',
      'welcome',
      'won'
    ])
    await harness.publish(orders, orderCreated(marker))
    const all = await harness.notificationsOf(first, ada, 7)
    expect(all.map(({ sequence }) => sequence)).toEqual(numbersTo(7).toReversed())
    expect((await harness.notificationsOf(first, bob, 2)).map(({ kind }) => kind).toSorted()).toEqual([
      'offer',
      'outbid'
    ])
    expect(all.find(({ kind }) => kind === 'won')).toMatchObject({ auctionId, text: expect.stringContaining('€50.00') })
  })

  test('are read page by page, and marked as read by their owner alone', async () => {
    const user = randomUUID()
    await storeNotices(
      harness.collections,
      numbersTo(5).map((n) => causedBy(`${user}.${n}`, user)),
      options
    )
    const page = async (query: string) =>
      (await (await harness.call(first, user, `/api/notifications?${query}`)).json()) as {
        items: { sequence: number; notificationId: string }[]
        nextCursor?: string
      }
    const newest = await page('limit=3')
    expect(newest.items.map(({ sequence }) => sequence)).toEqual([5, 4, 3])
    const older = await page(`limit=3&cursor=${newest.nextCursor}`)
    expect(older.items.map(({ sequence }) => sequence)).toEqual([2, 1])
    expect(older.nextCursor).toBeUndefined()
    expect((await page('afterSequence=4')).items.map(({ sequence }) => sequence)).toEqual([5])
    expect((await harness.call(first, user, '/api/notifications?cursor=nonsense')).status).toBe(400)

    const path = `/api/notifications/${newest.items[0]!.notificationId}/read`
    expect((await harness.call(first, 'stranger', path, 'POST')).status).toBe(404)
    const once = (await (await harness.call(first, user, path, 'POST')).json()) as { readAt: number }
    const again = (await (await harness.call(first, user, path, 'POST')).json()) as { readAt: number }
    expect(once.readAt).toBeGreaterThan(0)
    expect(again.readAt).toBe(once.readAt)
  })

  test('of one user have no gap and no double when many writers store them at once, some of them twice', async () => {
    const user = randomUUID()
    const events = numbersTo(60).map((n) => causedBy(`${user}.${n}`, user))
    const writers = numbersTo(8).map((n) => storeNotices(harness.collections, events.slice(n * 5, n * 5 + 20), options))
    const stored = (await Promise.all(writers)).reduce((sum, count) => sum + count, 0)
    expect(stored).toBe(55)
    expect(await sequencesOf(user)).toEqual(numbersTo(55))
  })

  test('go on without a gap after a writer died between its insert and its counter', async () => {
    const user = randomUUID()
    await storeNotices(harness.collections, [causedBy(`${user}.1`, user), causedBy(`${user}.2`, user)], options)
    await harness.collections.counters.updateOne({ _id: user }, { $set: { sequence: 0 } })
    await storeNotices(harness.collections, [causedBy(`${user}.2`, user), causedBy(`${user}.3`, user)], options)
    expect(await sequencesOf(user)).toEqual([1, 2, 3])
    expect((await harness.collections.counters.findOne({ _id: user }))?.sequence).toBe(3)
  })
})

describe('kill -9 of notification', () => {
  test('while it stores: every event is told once, in a sequence without gaps', async () => {
    const people = numbersTo(5).map(() => randomUUID())
    await first.end('SIGTERM')
    const victim = await harness.start()
    const entries = numbersTo(4).flatMap(() => {
      const auctionId = randomUUID()
      return numbersTo(100).map((n) => bidsDecided(auctionId, n, { outbidUserIds: people }))
    })
    const published = harness.publish(bids, ...entries)
    await eventually(async () => (await sequencesOf(people[0]!)).length > 0, { everyMs: 1 })
    await victim.end('SIGKILL')
    await published
    first = await harness.start()
    for (const user of people) {
      await eventually(async () => (await sequencesOf(user)).length === 400, { withinMs: 90_000 })
      expect(await sequencesOf(user)).toEqual(numbersTo(400))
    }
  })
})

describe('events that are sent again for this service', () => {
  test('change nothing that is known, bring back what was lost, and send no mail', async () => {
    const user = randomUUID()
    const sale = saleOf(randomUUID(), user)
    const registered = { ...contactChanged(user), id: `u.${user}` }
    const ordered = { ...orderCreated(sale), id: `o.${user}` }
    await harness.publish(contacts, registered)
    await harness.publish(orders, ordered)
    await eventually(async () => (await harness.mailsTo(`${user}@example.com`)).length === 2)
    const before = await harness.notificationsOf(first, user, 2)
    const replay = async (): Promise<void> => {
      await harness.replay(contacts, registered)
      await harness.replay(orders, ordered)
      // Behind them on the same partitions: when these are told, those were handled.
      const [newUser, buyer] = [randomUUID(), randomUUID()]
      await harness.publish(contacts, { ...contactChanged(newUser), key: user })
      await harness.publish(orders, { ...orderCreated(saleOf(randomUUID(), buyer)), key: sale.orderNumber })
      await harness.notificationsOf(first, newUser, 1)
      await harness.notificationsOf(first, buyer, 1)
    }
    await replay()
    expect(await harness.notificationsOf(first, user, 2)).toEqual(before)

    await harness.collections.notifications.deleteMany({ userId: user })
    await harness.collections.counters.deleteOne({ _id: user })
    await replay()
    const after = await harness.notificationsOf(first, user, 2)
    const ids = (all: typeof before): string[] => all.map(({ notificationId }) => notificationId).toSorted()
    expect(ids(after)).toEqual(ids(before))
    const stored = await harness.collections.notifications.find({ userId: user }).toArray()
    expect(stored.map(({ mail }) => mail)).toEqual([undefined, undefined])
    expect(await harness.mailsTo(`${user}@example.com`)).toHaveLength(2)
  })
})

describe('mails', () => {
  test('arrive with their texts, names escaped, and a Message-ID that names the notification', async () => {
    const user = randomUUID()
    await harness.publish(contacts, contactChanged(user, { displayName: '<b>Mallory</b>\r\nBcc: x@example.com' }))
    const [mail] = await eventually(async () => {
      const mails = await harness.mailsTo(`${user}@example.com`)
      return mails.length > 0 && mails
    })
    const [welcome] = await harness.notificationsOf(first, user, 1)
    expect(mail).toMatchObject({
      from: 'auctions@gavel.example',
      subject: 'Welcome to Gavel',
      copies: 1,
      messageId: `<${welcome!.notificationId}@gavel.example>`
    })
    expect(mail!.html).toContain('&lt;b&gt;Mallory&lt;/b&gt;')
    expect(mail!.html).not.toContain('<b>')
    expect(await harness.mailsTo('x@example.com')).toEqual([])
  })

  test('of what was stored while the mail server was away arrive when it is back', async () => {
    const user = randomUUID()
    await inbox.end('SIGKILL')
    await harness.publish(contacts, contactChanged(user))
    await eventually(
      async () =>
        (await harness.collections.notifications.findOne({ userId: user, 'mail.failure': { $exists: true } }))?.mail
    )
    inbox = await harness.startInbox()
    await eventually(
      async () => (await harness.collections.notifications.findOne({ userId: user }))?.mail?.state === 'sent'
    )
    expect(await harness.mailsTo(`${user}@example.com`)).toMatchObject([{ copies: 1 }])
  })

  test('wait for an address that is not known yet', async () => {
    const user = randomUUID()
    await harness.publish(orders, orderCreated(saleOf(randomUUID(), user)))
    await eventually(async () => (await harness.collections.notifications.findOne({ userId: user }))?.mail?.failure)
    await harness.publish(contacts, contactChanged(user))
    await eventually(async () => (await harness.mailsTo(`${user}@example.com`)).length === 2)
    const mails = await harness.mailsTo(`${user}@example.com`)
    expect(mails.map(({ subject }) => subject)).toContain('Welcome to Gavel')
  })

  test('are not sent to an erased person, of whom nothing is kept', async () => {
    const user = randomUUID()
    const { users, notifications } = harness.collections
    await harness.publish(contacts, contactChanged(user))
    await eventually(async () => (await notifications.findOne({ userId: user }))?.mail?.state === 'sent')
    await harness.publish(contacts, contactErased(user))
    await eventually(async () => (await users.countDocuments({ _id: user })) === 0)
    expect(await notifications.countDocuments({ userId: user })).toBe(0)
    // A sale that ends later is told to nobody.
    await harness.publish(orders, orderCreated(saleOf(randomUUID(), user)))
    await eventually(async () => (await notifications.findOne({ userId: user }))?.mail?.failure)
    expect(await harness.mailsTo(`${user}@example.com`)).toHaveLength(1)
  })

  test('about being outbid are not sent, until the settings of the process that runs say so', async () => {
    const user = randomUUID()
    await harness.publish(contacts, contactChanged(user))
    await harness.publish(bids, bidsDecided(randomUUID(), 1, { outbidUserIds: [user] }))
    await harness.notificationsOf(first, user, 2)
    const stored = await harness.collections.notifications.findOne({ userId: user, kind: 'outbid' })
    expect(stored?.mail).toBeUndefined()
    writeFileSync(settingsFile, '{"features":{"mailOutbid":true}}')
    await eventually(() => first.output.some((text) => text.includes('Settings applied')))
    await harness.publish(bids, bidsDecided(randomUUID(), 1, { outbidUserIds: [user] }))
    await eventually(async () => (await harness.mailsTo(`${user}@example.com`)).length === 2, {
      what: 'the welcome and the mail about being outbid'
    })
    writeFileSync(settingsFile, '{}')
  })

  test('that cannot be sent are given up after their last attempt, and kept with the reason', async () => {
    const user = randomUUID()
    const context = createContext({ name: 'mail-test', logLevel: 'silent' })
    const other = await startHarness()
    const { collections } = other
    await collections.users.insertOne({ _id: user, email: `${user}@example.com`, displayName: 'Ada' })
    await storeNotices(
      collections,
      [{ eventId: 'e1', notice: { ...causedBy('e1', user).notice, kind: 'won' } }],
      options
    )
    const mailer = startMailer(context, {
      collections,
      metrics: createNotificationMetrics(context, collections),
      options: {
        smtpUrl: new Secret(`smtp://127.0.0.1:${await freePort()}`),
        from: 'gavel@example.com',
        concurrency: 1,
        attemptsMax: 2,
        leaseMs: 10_000,
        pollMs: 20
      }
    })
    const dead = await eventually(
      async () => await collections.notifications.findOne({ userId: user, 'mail.state': 'dead' })
    )
    expect(dead.mail).toMatchObject({ attempts: 2, failure: expect.stringContaining('ECONNREFUSED') })
    await mailer.stop()
    await other.stop()
  })
})

describe('the inbox', () => {
  test('shows mails on a page, their HTML without any right', async () => {
    const user = randomUUID()
    await harness.publish(contacts, contactChanged(user))
    await eventually(async () => (await harness.mailsTo(`${user}@example.com`)).length === 1)
    const list = await fetch(`${harness.inboxUrl}/inbox`)
    const page = await list.text()
    expect(page).toContain('Welcome to Gavel')
    expect(list.headers.get('content-security-policy')).toContain("default-src 'none'")
    const address = /\/inbox\/mails\/[0-9a-f-]+/.exec(page)![0]
    expect(await (await fetch(`${harness.inboxUrl}${address}`)).text()).toContain('<iframe sandbox=""')
    const html = await fetch(`${harness.inboxUrl}${address}/html`)
    expect(html.headers.get('content-security-policy')).toMatch(/^sandbox;/)
    expect((await fetch(`${harness.inboxUrl}/inbox/mails/none`)).status).toBe(404)
  })

  test('kill -9 forgets no mail that it took', async () => {
    const user = randomUUID()
    await harness.publish(contacts, contactChanged(user))
    await eventually(async () => (await harness.mailsTo(`${user}@example.com`)).length === 1)
    await inbox.end('SIGKILL')
    inbox = await harness.startInbox()
    expect(await harness.mailsTo(`${user}@example.com`)).toMatchObject([{ subject: 'Welcome to Gavel' }])
  })
})
