import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { TokenPair } from '@gavel/contracts/api/identity.ts'
import { placeBid } from '@gavel/contracts/api/bidding.ts'
import { createGateway } from '@gavel/standalone/client/gateway.ts'
import { debianPackage, findProgram } from '@gavel/standalone/install.ts'
import type { Browser } from 'playwright-core'
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
type Picture = { name: string; path: string; as?: TokenPair; size?: typeof desk; dark?: boolean; after?: string }

const picturesOf = (house: BusyHouse): Picture[] => [
  { name: 'auction', path: `/auctions/${house.hotAuction}`, as: house.bidder },
  { name: 'search', path: '/items?q=insturment', after: '.lot' },
  { name: 'dashboard', path: '/admin', as: house.admin },
  { name: 'saga', path: `/operations/sagas/${house.failedOrderNumber}`, as: house.admin, dark: true },
  { name: 'health', path: '/operations', as: house.admin },
  { name: 'phone', path: `/auctions/${house.hotAuction}`, as: house.bidder, size: phone }
]

async function take(browser: Browser, url: string, folder: string, picture: Picture, whole: boolean): Promise<string> {
  const { name, path, as, size = desk, dark = false, after = 'h1' } = picture
  const { page, complaints, leave } = await visit(browser, url, {
    ...(as && { session: as }),
    viewport: size,
    deviceScaleFactor: size === phone && !whole ? 2 : 1,
    colorScheme: dark ? 'dark' : 'light'
  })
  await page.goto(path)
  await page.locator(after).first().waitFor()
  await page.locator('.skeleton').first().waitFor({ state: 'detached' })
  await page.evaluate('document.fonts.ready.then(() => undefined)')
  // What is live has said its first word.
  await page.waitForTimeout(1_500)
  const file = join(folder, `${name}.png`)
  await page.screenshot({ path: file, fullPage: whole, animations: 'disabled' })
  for (const complaint of complaints) console.error(`  ${path}: ${complaint}`)
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
  for (const { who, session, paths } of visitors(house))
    for (const path of addressesOf(paths, house))
      for (const size of [desk, phone])
        for (const dark of [false, true]) {
          const place = path.replaceAll(/[^\w-]+/g, '_').replaceAll(/^_|_$/g, '') || 'first'
          const name = `${who}-${place}-${size.width}-${dark ? 'dark' : 'light'}`
          await take(browser, url, folder, { name, path, size, dark, ...(session && { as: session }) }, true)
        }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { all: { type: 'string' } } })
  await using platform = await freshPlatform({ durable: false, progress: (line) => console.error(`  ${line}`) })
  const gateway = createGateway(platform.url)
  const browser = await launchBrowser()
  try {
    const house = await fillHouse(gateway, platform.admin)
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
      for (const picture of picturesOf(house)) files.push(await take(browser, platform.url, folder, picture, false))
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
