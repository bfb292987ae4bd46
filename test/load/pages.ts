import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { openAuction, placeBid } from '@gavel/contracts/api/bidding.ts'
import { addProduct } from '@gavel/contracts/api/catalog.ts'
import { register } from '@gavel/contracts/api/identity.ts'
import { setStock } from '@gavel/contracts/api/inventory.ts'
import { services } from '@gavel/contracts/services.ts'
import { openAdmin } from '@gavel/standalone/client/admin.ts'
import { createGateway, type Gateway } from '@gavel/standalone/client/gateway.ts'
import type { Platform } from '@gavel/standalone/platform.ts'
import type { Browser, Page } from 'playwright-core'
import { eventually } from '../support/eventually.ts'
import { launchBrowser, visit } from '../support/browser.ts'
import { freshPlatform } from '../support/platform.ts'
import { Figures, type Benchmark } from './benchmark.ts'
import { waitUntilQuiet } from './quiet.ts'

/** The pages in Debian's Chromium, on a platform of its own. */
const throttling = 4
const updatesPerSecond = 10
const frameMs = 1000 / 60

/** Runs before the page's own script: when the first lots are drawn, and when the main thread was last busy for longer than 50 ms. */
const watchStart = `
  globalThis.seen = { drawn: 0, busyUntil: 0 }
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) seen.busyUntil = Math.max(seen.busyUntil, startTime + duration)
  }).observe({ type: 'longtask', buffered: true })
  const look = () => {
    if (document.querySelector('.lot h2 a')) seen.drawn = performance.now()
    else requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
`
/** Counts frames that came late by a frame or more, and changes of the price, for as long as it is told to. */
const watchFrames = (forMs: number): string => `new Promise((done) => {
  const price = document.querySelector('.price.huge')
  const began = performance.now()
  let [last, drawn, dropped, updates] = [began, 0, 0, 0]
  const observer = new MutationObserver(() => { updates += 1 })
  observer.observe(price, { characterData: true, childList: true, subtree: true })
  const frame = (now) => {
    drawn += 1
    dropped += Math.max(0, Math.round((now - last) / ${frameMs}) - 1)
    last = now
    if (now - began < ${forMs}) return requestAnimationFrame(frame)
    observer.disconnect()
    done({ drawn, dropped, updates })
  }
  requestAnimationFrame((now) => { last = now; requestAnimationFrame(frame) })
})`

type Frames = { drawn: number; dropped: number; updates: number }

async function slowDown(page: Page, rate: number): Promise<void> {
  const session = await page.context().newCDPSession(page)
  await session.send('Emulation.setCPUThrottlingRate', { rate })
}

/** A first visit, with nothing in the cache: until lots are drawn and the main thread has come to rest. */
async function firstPage(browser: Browser, url: string): Promise<{ interactiveMs: number; scriptBytes: number }> {
  const { page, leave } = await visit(browser, url)
  await page.addInitScript(watchStart)
  await slowDown(page, throttling)
  await page.goto('/')
  await page.locator('.lot h2 a').first().waitFor()
  // At rest: no long task for a second.
  await eventually(() =>
    page.evaluate('seen.drawn > 0 && performance.now() - Math.max(seen.drawn, seen.busyUntil) > 1000')
  )
  const interactiveMs = (await page.evaluate('Math.max(seen.drawn, seen.busyUntil)')) as number
  const scriptBytes = (await page.evaluate(
    `performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('.js')).reduce((all, { encodedBodySize }) => all + encodedBodySize, 0)`
  )) as number
  await leave()
  return { interactiveMs, scriptBytes }
}

type Hall = { auctionId: string; /** Each bids more than the one before. */ bid: () => Promise<unknown> }

async function openHall(gateway: Gateway, { admin }: Platform): Promise<Hall> {
  const token = await (await openAdmin(gateway, admin)).token()
  const productId = 'measured-lamp'
  await gateway.call(addProduct, { body: { productId, title: 'Measured lamp' } }, { token })
  await gateway.call(setStock, { params: { productId }, body: { available: 1 } }, { token })
  const { auctionId } = await gateway.call(
    openAuction,
    {
      body: {
        productId,
        title: 'Measured lamp',
        mode: 'english',
        currency: 'USD',
        openingPriceMinor: 100,
        // The price of a second bidder’s bid is the first one’s and a cent: every bid changes it.
        increments: [{ fromMinor: 0, incrementMinor: 1 }],
        endsAt: Date.now() + 3_600_000
      }
    },
    { token }
  )
  const tokens: string[] = []
  for (const displayName of ['Ada', 'Ben']) {
    const email = `${displayName}.${randomBytes(4).toString('hex')}@load.example`
    const body = { email, password: randomBytes(18).toString('base64url'), displayName }
    tokens.push((await gateway.call(register, { body })).accessToken)
  }
  let amountMinor = 200
  const bid = (): Promise<unknown> => {
    amountMinor += 10
    return gateway.call(
      placeBid,
      { params: { auctionId }, body: { bidId: `update-${amountMinor}`, amountMinor } },
      { token: tokens[(amountMinor / 10) % 2]! }
    )
  }
  return { auctionId, bid }
}

/** The frames of an auction page: while nothing happens, and while its price changes ten times a second. */
async function frames(browser: Browser, url: string, hall: Hall, forMs: number, say: (line: string) => void) {
  const { page, leave } = await visit(browser, url, { reducedMotion: 'no-preference' })
  await page.goto(`/auctions/${hall.auctionId}`)
  await page.locator('.price.huge').waitFor()
  await delay(2_000)
  const still = (await page.evaluate(watchFrames(forMs))) as Frames
  const failures: unknown[] = []
  const bidding = setInterval(() => {
    hall.bid().catch((error: unknown) => failures.push(error))
  }, 1000 / updatesPerSecond)
  await delay(500)
  const busy = (await page.evaluate(watchFrames(forMs))) as Frames
  clearInterval(bidding)
  await leave()
  // Two bids on their way may overtake each other: the lower one is refused then, and changes nothing.
  if (failures.length > 0) say(`  ${failures.length} bids were refused`)
  return { still, busy }
}

/** As the pages are measured among the other benchmarks: `benchmarks.ts` lists it by a line. */
export const pages: Benchmark = {
  name: 'pages',
  title: 'The pages',
  about: `A first visit in Chromium, nothing in its cache, on a processor slowed down ${throttling} times through the DevTools protocol: until lots are drawn and the main thread has come to rest, and the script as it is sent. Then an auction page at full speed: frames that came late while nothing happens, and while its price changes ${updatesPerSecond} times a second. The browser shares the machine with the platform: compare the two.`,
  charts: [{ title: 'Milliseconds until the first page can be used', names: ['interactive'] }],
  boundMs: { full: 600_000, short: 300_000 },
  run: async ({ short, rounds }, say) => {
    const figures = new Figures()
    await using platform = await freshPlatform({ durable: false, progress: (line) => say(`  ${line}`) })
    const gateway = createGateway(platform.url)
    const browser = await launchBrowser()
    try {
      const hall = await openHall(gateway, platform)
      const measureMs = short ? 2_000 : 10_000
      for (let round = 0; round < rounds; round += 1) {
        // A service that still starts, or works off the bids of the round before, would be paid for by the page.
        for (const { name } of services) await waitUntilQuiet(platform.service(name).pid()!)
        const { interactiveMs, scriptBytes } = await firstPage(browser, platform.url)
        figures.add('first page', '', { 'interactive ms': interactiveMs }, 2_000)
        figures.add('first page', '', { 'script KiB': scriptBytes / 1024 }, 195)
        const { still, busy } = await frames(browser, platform.url, hall, measureMs, say)
        figures.add('auction page', 'at rest', { [droppedName]: droppedOf(still) })
        figures.add('auction page', busyTitle, { [droppedName]: droppedOf(busy) }, 1)
        figures.add('auction page', busyTitle, { 'price changes/s': busy.updates / (measureMs / 1000) })
      }
    } finally {
      await browser.close()
      await gateway.close()
    }
    return figures.measured()
  }
}

const droppedName = 'frames dropped, of a hundred'
const busyTitle = `${updatesPerSecond} updates a second`
const droppedOf = ({ drawn, dropped }: Frames): number => (100 * dropped) / Math.max(1, drawn + dropped)
