import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { TokenPair } from '@gavel/contracts/api/identity.ts'
import { placeBid } from '@gavel/contracts/api/bidding.ts'
import { createGateway } from '@gavel/standalone/client/gateway.ts'
import { debianPackage, findProgram } from '@gavel/standalone/install.ts'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser, visit } from './browser.ts'
import { fillHouse, type BusyHouse } from './busy-house.ts'
import { addressesOf, visitors } from './page-routes.ts'
import { freshPlatform } from './platform.ts'

/**
 * `npm run screenshots`: starts a platform of its own, fills the house, and takes the pictures that the README shows, into `docs/images/`.
 * `-- --all FOLDER` takes every page instead, at both widths, light and dark, to be looked at.
 */

const desk = { width: 1280, height: 860 }
const phone = { width: 360, height: 780 }
type Picture = {
  name: string
  path: string
  as?: TokenPair
  size?: typeof desk
  dark?: boolean
  after?: string
  act?: (page: Page) => Promise<void>
}

/** A browser knows who leads once it has bid itself. */
const bid =
  (amount: string) =>
  async (page: Page): Promise<void> => {
    await page.getByLabel('Your maximum (USD)').fill(amount)
    await page.getByRole('button', { name: 'Bid', exact: true }).click()
    await page.getByText('You lead', { exact: true }).waitFor()
    await page.getByLabel('Your maximum (USD)').blur()
  }

const picturesOf = (house: BusyHouse): Picture[] => [
  { name: 'auction', path: `/auctions/${house.hotAuction}`, as: house.bidder, act: bid('1500') },
  { name: 'search', path: '/items?q=insturment', after: '.lot' },
  { name: 'dashboard', path: '/admin', as: house.admin },
  { name: 'saga', path: `/operations/sagas/${house.failedOrderNumber}`, as: house.admin, dark: true },
  { name: 'health', path: '/operations', as: house.admin },
  { name: 'phone', path: `/auctions/${house.hotAuction}`, as: house.bidder, size: phone, act: bid('1800') }
]

/** Its data is there, its letters are, and what is live has said its first word. */
async function settled(page: Page, path: string, after = 'h1'): Promise<void> {
  await page.goto(path)
  await page.locator(after).first().waitFor()
  await page.locator('.loading').first().waitFor({ state: 'detached' })
  await page.evaluate('document.fonts.ready.then(() => undefined)')
  await page.waitForTimeout(1_500)
}

async function take(browser: Browser, url: string, folder: string, picture: Picture): Promise<string> {
  const { name, path, as, size = desk, dark = false, after, act } = picture
  const { page, leave } = await visit(browser, url, {
    ...(as && { session: as }),
    viewport: size,
    deviceScaleFactor: size === phone ? 2 : 1,
    colorScheme: dark ? 'dark' : 'light'
  })
  await settled(page, path, after)
  await act?.(page)
  const file = join(folder, `${name}.png`)
  await page.screenshot({ path: file, animations: 'disabled' })
  await leave()
  return file
}

/** 256 colours are enough for a page, and a quarter of the bytes. */
async function compress(files: readonly string[]): Promise<void> {
  const find = (): string | undefined => findProgram('pngquant')
  const program =
    find() ?? ((await debianPackage('pngquant', (line) => console.error(`  ${line}`))) ? find() : undefined)
  if (!program) return console.error('  pngquant is missing: the pictures stay as large as they are')
  for (const file of files) spawnSync(program, ['--force', '--ext', '.png', '--strip', '--speed', '1', '256', file])
}

async function takeAll(browser: Browser, url: string, folder: string, house: BusyHouse): Promise<void> {
  for (const { who, session, paths } of visitors(house)) {
    const { page, complaints, leave } = await visit(browser, url, session ? { session } : {})
    for (const path of addressesOf(paths, house)) {
      await settled(page, path)
      const place = path.replaceAll(/[^\w-]+/g, '_').replaceAll(/^_|_$/g, '') || 'first'
      for (const [size, colorScheme] of [
        [desk, 'light'],
        [desk, 'dark'],
        [phone, 'dark'],
        [phone, 'light']
      ] as const) {
        await page.setViewportSize(size)
        await page.emulateMedia({ colorScheme })
        await page.screenshot({
          path: join(folder, `${who}-${place}-${size.width}-${colorScheme}.png`),
          fullPage: true
        })
      }
    }
    for (const complaint of complaints) console.error(`  ${who}: ${complaint}`)
    await leave()
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { all: { type: 'string' } } })
  await using platform = await freshPlatform({ durable: false, progress: (line) => console.error(`  ${line}`) })
  const gateway = createGateway(platform.url)
  const browser = await launchBrowser()
  try {
    const house = await fillHouse(gateway, platform.admin, { pauseMs: values.all ? 300 : 1_800 })
    // Somebody goes on bidding, too low to change a price, so that what is live shows life.
    const [rival] = house.rivals
    let count = 0
    const bidding = setInterval(() => {
      count += 1
      if (count % 7 > 3) return
      const body = { bidId: `going-on-${count}`, amountMinor: 100 }
      void gateway
        .call(placeBid, { params: { auctionId: house.hotAuction }, body }, { token: rival!.accessToken })
        .catch(() => undefined)
    }, 180)
    try {
      if (values.all) {
        mkdirSync(values.all, { recursive: true })
        return await takeAll(browser, platform.url, values.all, house)
      }
      const folder = join(import.meta.dirname, '../../docs/images')
      rmSync(folder, { recursive: true, force: true })
      mkdirSync(folder, { recursive: true })
      const files: string[] = []
      for (const picture of picturesOf(house)) files.push(await take(browser, platform.url, folder, picture))
      await compress(files)
      for (const file of files) console.log(`${file} ${Math.round(statSync(file).size / 1024)} kB`)
    } finally {
      clearInterval(bidding)
    }
  } finally {
    await browser.close()
    await gateway.close()
  }
}

await main()
