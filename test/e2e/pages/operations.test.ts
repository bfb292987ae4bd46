import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { listMyBids } from '@gavel/contracts/api/bidder.ts'
import { closeAuction } from '@gavel/contracts/api/bidding.ts'
import { searchProducts } from '@gavel/contracts/api/catalog.ts'
import { listEvents } from '@gavel/contracts/api/eventlog.ts'
import { refresh } from '@gavel/contracts/api/identity.ts'
import { readSale } from '@gavel/contracts/api/order.ts'
import { contacts } from '@gavel/contracts/topics.ts'
import { Kafka, logLevel } from 'kafkajs'
import { MongoClient } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { layCable } from '../../support/browser.ts'
import { eventually } from '../../support/eventually.ts'
import { expectAccessible } from '../../support/page-checks.ts'
import { onStage, someId } from '../../support/pages-stage.ts'
import { sharedPlatform } from '../../support/platform.ts'

/** The process that listens on a port of this machine. */
function listenerOn(port: number): number {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const inodes = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(wanted) && state === '0A')
    .map((fields) => `socket:[${fields[9]}]`)
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const ends = readdirSync(`/proc/${pid}/fd`).map((name) => readlinkSync(`/proc/${pid}/fd/${name}`))
      if (ends.some((end) => inodes.includes(end))) return Number(pid)
    } catch {
      // It has ended meanwhile, or is not ours to look at.
    }
  }
  throw new Error(`Nothing listens on ${port}`)
}

/** What those who keep it running see and do, on the running platform. */
describe('operations', () => {
  const { stage, asAdmin } = onStage()

  const sale = async (name: string, card: 'good' | 'empty'): Promise<string> => {
    const { auctionId } = await stage.auction(`Lamp of ${name}`)
    await stage.bid(await stage.person(name, { card }), auctionId, 5_000)
    await stage.gateway.call(closeAuction, { params: { auctionId } }, { token: await stage.adminToken() })
    return `${auctionId}.1`
  }
  const over = async (orderNumber: string, status: string): Promise<void> => {
    const token = await stage.adminToken()
    await eventually(
      async () => (await stage.gateway.call(readSale, { params: { orderNumber } }, { token })).status === status,
      { what: `${orderNumber} to be ${status}` }
    )
  }

  /** Identity writes a line of each refresh token that comes twice, within the trace of the request. */
  const makeIdentitySpeak = async (): Promise<void> => {
    const { refreshToken } = await stage.person('Talked about')
    await stage.gateway.call(refresh, { body: { refreshToken } })
    await expect(stage.gateway.call(refresh, { body: { refreshToken } })).rejects.toThrow('REFRESH_TOKEN_REUSED')
  }

  test('each sale tells its story: one that became an order, and one that was given back', async () => {
    const [good, bad] = [await sale('Payer', 'good'), await sale('Pauper', 'empty')]
    await Promise.all([over(good, 'ordered'), over(bad, 'failed')])
    const { page, complaints, leave } = await asAdmin('/operations/sagas')
    await page.getByRole('link', { name: good }).click()
    for (const name of ['SaleConfirmed', 'StockReserved', 'PaymentCaptured', 'OrderCreated'])
      await page.locator('.timeline').getByText(name, { exact: true }).waitFor()
    await page.locator('main').getByText('ordered', { exact: true }).first().waitFor()

    await page.goto('/operations/sagas?state=failed')
    await page.getByRole('link', { name: bad }).click()
    for (const name of ['SaleConfirmed', 'StockReserved', 'PaymentDeclined', 'BidFailed', 'StockReleased'])
      await page.locator('.timeline').getByText(name, { exact: true }).waitFor()
    await page.locator('main').getByText('PAYMENT_DECLINED').first().waitFor()
    expect(complaints).toEqual([])
    await leave()
  })

  test('what a consumer could not handle is looked at, replayed and discarded', async () => {
    const { urls } = sharedPlatform()
    const producer = new Kafka({ brokers: [urls.kafka], logLevel: logLevel.NOTHING }).producer()
    await producer.connect()
    const key = someId('broken')
    await producer.send({ topic: contacts.name, messages: [{ key, value: '{"this is' }] })
    await producer.disconnect()

    const { page, complaints, leave } = await asAdmin('/operations/dead-letters')
    const group = `notification.${contacts.name}`
    const rows = page.getByRole('row').filter({ hasText: group })
    await rows.first().getByRole('button', { name: 'Look' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(key).waitFor()
    await dialog.getByRole('button', { name: 'Close' }).click()

    await rows.first().getByRole('button', { name: 'Replay', exact: true }).click()
    await dialog.getByRole('button', { name: 'Replay', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'replayed', exact: true }).click()
    await page.getByRole('row').filter({ hasText: group }).first().waitFor()
    // It is as broken as before, and comes back; now it is closed for good.
    await page.getByRole('button', { name: 'open', exact: true }).click()
    await page.getByRole('button', { name: `Discard all of ${group}` }).click()
    await dialog.getByRole('button', { name: `Discard all of ${group}` }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'discarded', exact: true }).click()
    await page.getByRole('row').filter({ hasText: group }).first().waitFor()
    expect(complaints).toEqual([])
    await leave()
  })

  test('the log is followed live, narrowed, held still, and searched', async () => {
    const { page, complaints, leave } = await asAdmin('/operations/logs')
    const lines = page.locator('.log-lines li')
    await page.locator('main').getByText('live', { exact: true }).waitFor()
    await lines.first().waitFor()
    await page.getByLabel('Services').fill('identity')
    await page.getByRole('button', { name: 'Filter' }).click()
    await page.locator('main').getByText('live', { exact: true }).waitFor()
    await makeIdentitySpeak()
    await page.locator('.log-lines').getByText('A refresh token came twice').first().waitFor()
    expect(new Set(await lines.locator('strong').allInnerTexts())).toEqual(new Set(['identity']))
    await page.getByRole('button', { name: 'Pause' }).click()
    await page
      .locator('main')
      .getByText(/^paused, \d+ more/)
      .waitFor()
    const held = await lines.allInnerTexts()
    await makeIdentitySpeak()
    await page
      .locator('main')
      .getByText(/^paused, [1-9]\d* more/)
      .waitFor()
    expect(await lines.allInnerTexts()).toEqual(held)
    await page.getByRole('button', { name: 'Go on' }).click()

    // Of a trace that nobody was in, nothing was said.
    await page.getByLabel('Trace id').fill('0123456789abcdef'.repeat(2))
    await page.getByRole('button', { name: 'Filter' }).click()
    await page.locator('main').getByText('Nothing yet').waitFor()
    await page.getByRole('button', { name: 'Search', exact: true }).first().click()
    await page.getByLabel('Trace id').fill('')
    await page.getByLabel('Service').fill('order')
    await page.getByLabel('Words').fill('started')
    await page.locator('form').getByRole('button', { name: 'Search' }).click()
    await page.locator('.log-lines').getByText('order', { exact: true }).first().waitFor()
    expect(new Set(await lines.locator('strong').allInnerTexts())).toEqual(new Set(['order']))
    expect(complaints).toEqual([])
    await leave()
  })

  test('who is down is named, with the time since, and what changed is kept', async () => {
    const { page, complaints, leave } = await asAdmin('/operations')
    await page
      .locator('main')
      .getByText(/^All \d+ are up\./)
      .waitFor()
    const pid = listenerOn(sharedPlatform().ports['logs']!)
    process.kill(pid, 'SIGSTOP')
    try {
      await page
        .locator('main')
        .getByText(/logs.* (is|are) down\./)
        .waitFor({ timeout: 60_000 })
      const row = page.getByRole('region', { name: 'Services and consumer groups' }).getByRole('row').nth(1)
      await row.getByText('down', { exact: true }).waitFor()
      await row.getByText('logs', { exact: true }).waitFor()
      await page.locator('.timeline li').first().getByText('down', { exact: true }).waitFor()
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    await page
      .locator('main')
      .getByText(/^All \d+ are up\./)
      .waitFor({ timeout: 60_000 })
    await page.locator('.timeline li').first().getByText('up', { exact: true }).waitFor()
    expect(complaints).toEqual([])
    await leave()
  })

  test('events are followed, narrowed and verified, and an auction is seen as it was', async () => {
    const { auctionId } = await stage.auction('Lamp through time')
    const { page, complaints, leave } = await asAdmin(`/operations/events?key=${auctionId}`)
    await page.locator('.event').getByText('AuctionOpened.v1').first().waitFor()
    await page.locator('main').getByText('live', { exact: true }).waitFor()
    const bidder = await stage.person('Traveller')
    await stage.bid(bidder, auctionId, 2_000)
    const event = page.locator('.event').filter({ hasText: 'BidsDecided' }).first()
    await event.locator('summary').click()
    await event.getByText('"auctionId"').waitFor()
    expect(Number(await event.locator('.number').innerText())).toBeGreaterThan(0)
    // To the second, as the field has it.
    await eventually(() => page.evaluate('Date.now() % 1000 < 500'), { everyMs: 10 })
    const moment = await page.evaluate(
      '(() => { const now = new Date(Date.now() + 1000); return new Date(now.getTime() - now.getTimezoneOffset() * 60000).toISOString().slice(0, 19) })()'
    )
    await eventually(() => page.evaluate(`new Date('${String(moment)}').getTime() < Date.now()`))
    await stage.bid(bidder, auctionId, 9_000)
    await stage.bid(await stage.person('Rival'), auctionId, 7_000)

    const travel = page.getByRole('region', { name: 'As it was' })
    await travel.getByLabel('What').selectOption('auction')
    await travel.getByLabel('Its id').fill(auctionId)
    await travel.getByLabel('When').fill(String(moment))
    await travel.getByRole('button', { name: 'Look' }).click()
    const then = JSON.parse(await travel.locator('pre').innerText()) as unknown
    expect(JSON.stringify(then)).toContain('"bidCount":1')
    await travel.getByLabel('When').fill('')
    await travel.getByRole('button', { name: 'Look' }).click()
    await travel.getByText('"bidCount": 3').waitFor()
    await travel.getByLabel('Its id').fill('nobody-knows-it')
    await travel.getByRole('button', { name: 'Look' }).click()
    await travel
      .getByText(/not|no /i)
      .first()
      .waitFor()

    await page.getByRole('button', { name: 'Verify the log' }).click()
    await page
      .locator('main')
      .getByText(/^Whole: \d+ events, each linked to the one before\./)
      .waitFor()
    expect(complaints).toEqual([])
    await leave()
  })

  test('a group that lost what it knew has it again: a range of the log is replayed to it, after a warning, and its progress is shown', async () => {
    const { urls } = sharedPlatform()
    const [{ auctionId }, bidder] = [await stage.auction('Lamp out of mind'), await stage.person('Forgotten')]
    await stage.bid(bidder, auctionId, 2_000)
    const bidsOf = async () =>
      (await stage.gateway.call(listMyBids, { query: {} }, { token: bidder.accessToken })).items.map(
        ({ auction }) => auction.auctionId
      )
    await eventually(async () => (await bidsOf()).length === 1)
    const mongo = await MongoClient.connect(urls.mongodb)
    await mongo.db('bidding').collection('participations').deleteMany({ auctionId })
    await mongo.close()
    expect(await bidsOf()).toEqual([])
    await eventually(async () => {
      const { items } = await stage.gateway.call(
        listEvents,
        { query: { key: auctionId, type: 'gavel.BidsDecided.v1' } },
        { token: await stage.adminToken() }
      )
      return items.length === 1
    })

    const { page, complaints, leave } = await asAdmin(`/operations/events?key=${auctionId}`)
    await page.getByRole('link', { name: 'Replay …' }).click()
    await page.getByLabel('Consumer group').selectOption('bidding.bids')
    expect(await page.getByLabel('Key').inputValue()).toBe(auctionId)
    await page.getByLabel('From position').fill('none')
    await page.getByRole('button', { name: 'Replay …' }).click()
    await page.getByRole('alert').getByText('A position is a whole number').waitFor()
    await page.getByLabel('From position').fill('999999999999')
    await page.getByRole('button', { name: 'Replay …' }).click()
    await page.getByRole('alert').getByText('the log ends at').waitFor()
    await page.getByLabel('From position').fill('')
    await page.getByRole('button', { name: 'Replay …' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('It cannot be taken back').waitFor()
    await expectAccessible(page)
    await dialog.getByRole('button', { name: 'Leave it' }).click()
    expect(await bidsOf()).toEqual([])
    await page.getByRole('button', { name: 'Replay …' }).click()
    await dialog.getByRole('button', { name: 'Replay', exact: true }).click()
    const run = page.getByRole('region', { name: 'To bidding.bids' })
    await run.getByText('done', { exact: true }).waitFor()
    await run.getByText(/^1 event sent; looked at up to position (\d+) of \1\.$/).waitFor()
    await eventually(async () => (await bidsOf()).length === 1)
    expect(await bidsOf()).toEqual([auctionId])
    await expectAccessible(page)
    expect(complaints).toEqual([])
    await leave()
  })

  test('a replay whose connection breaks says where it stood, and goes on from there', async () => {
    const { auctionId } = await stage.auction('Lamp on a broken wire')
    await using cable = await layCable(stage.url)
    const { page, complaints, leave } = await asAdmin(
      `/operations/replay?group=notification.auctions&key=${auctionId}`,
      { url: cable.url }
    )
    await page.getByRole('button', { name: 'Replay …' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.waitFor()
    cable.cut()
    await dialog.getByRole('button', { name: 'Replay', exact: true }).click()
    const run = page.getByRole('region', { name: 'To notification.auctions' })
    await run.getByText('failed', { exact: true }).waitFor()
    await run.getByText('cannot be reached').waitFor()
    await cable.mend()
    await run.getByRole('button', { name: 'Go on from position 1' }).click()
    await run.getByText('done', { exact: true }).waitFor()
    await run.getByText(/^[12] events? sent/).waitFor()
    expect(complaints).toEqual([])
    await leave()
  })

  test('what search reads is built anew from the log while it is searched, and how far it is is shown', async () => {
    const word = `astrolabe${someId('').replaceAll(/[^a-z]/g, '')}`
    const { productId } = await stage.auction(`${word} of brass`)
    const found = async () =>
      (await stage.gateway.call(searchProducts, { query: { q: word } })).items.map((item) => item.productId)
    await eventually(async () => (await found()).length === 1)
    const { page, complaints, leave } = await asAdmin('/operations/search')
    const verdict = page.locator('.verdict[role=status]')
    await verdict.getByText(/^Searches read generation \d+\.$/).waitFor()
    const serving = async () => Number(/\d+/.exec(await verdict.innerText())?.[0])
    const before = await serving()
    // Whoever was stopped before is gone on with: it is one building either way.
    const button = page.getByRole('button', { name: /^(Build it anew|Go on building)$/ })
    const text = await button.innerText()
    await button.click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('every event is written twice').waitFor()
    await dialog.getByRole('button', { name: text }).click()
    await dialog.waitFor({ state: 'detached' })
    await eventually(async () => (await serving()) > before, { withinMs: 60_000, what: 'the new one to be read' })
    const region = page.getByRole('region', { name: `Generation ${await serving()}` })
    await region.getByText('done', { exact: true }).waitFor()
    const topics = page.getByRole('region', { name: 'How far each topic is read' }).locator('tbody tr')
    expect(await topics.count()).toBeGreaterThan(3)
    expect(await topics.getByText('read', { exact: true }).count()).toBe(await topics.count())
    expect(await found()).toEqual([productId])
    await expectAccessible(page)
    expect(complaints).toEqual([])
    await leave()
  })

  test('what the services have is compared with what the log says, statement by statement', async () => {
    const { page, complaints, leave } = await asAdmin('/operations/reconciliation')
    await page.locator('main').getByText('No difference: everything is where it must be.').waitFor()
    const rows = page.getByRole('region', { name: 'What is compared' }).locator('tbody tr')
    expect(await rows.count()).toBeGreaterThan(3)
    await page.getByRole('button', { name: 'Gone', exact: true }).click()
    await page.getByRole('button', { name: 'Gone', pressed: true }).waitFor()
    expect(complaints).toEqual([])
    await leave()
  })
})
