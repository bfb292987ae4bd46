import { readMyCredit } from '@gavel/contracts/api/bidder.ts'
import { readAuction } from '@gavel/contracts/api/bidding.ts'
import { readProduct } from '@gavel/contracts/api/catalog.ts'
import { logIn, type TokenPair } from '@gavel/contracts/api/identity.ts'
import { readStock, setStock } from '@gavel/contracts/api/inventory.ts'
import { readOrder } from '@gavel/contracts/api/order.ts'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { onStage, someId } from '../../support/pages-stage.ts'

/** In the reader's own time zone, as the field has it; sooner than others end, so that it stands among the first. */
const soon = (): string => {
  const time = new Date(Date.now() + 900_000)
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

/** What those who run the house do, on the running platform. */
describe('the house', () => {
  const { stage, at, asAdmin } = onStage()

  /** Presses a button that asks first, fills in what it asks for, and presses it again. */
  const confirm = async (page: Page, name: string, fields: Record<string, string> = {}): Promise<void> => {
    await page.getByRole('button', { name, exact: true }).first().click()
    const dialog = page.getByRole('dialog')
    for (const [label, value] of Object.entries(fields)) await dialog.getByLabel(label).fill(value)
    await dialog.getByRole('button', { name, exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
  }

  test('an item is added, changed, stocked at two locations, found and deleted; each change of stock is told', async () => {
    const title = `Sundial ${someId('no')}`
    const { page, complaints, leave } = await asAdmin('/admin/items')
    await page.getByRole('button', { name: 'Add an item' }).click()
    await page.getByLabel('Title').fill(title)
    await page.getByLabel('Brand').fill('Halle')
    await page.getByLabel('Category').fill('instruments')
    await page.getByLabel('Pieces in stock').fill('7')
    await page.getByRole('button', { name: 'Add the item' }).click()
    await page.getByRole('heading', { name: title, level: 1 }).waitFor()
    const productId = new URL(page.url()).pathname.split('/').at(-1)!

    await page.getByLabel('Description').fill('It shows the hour to the quarter.')
    await page.getByRole('button', { name: 'Save' }).click()
    await eventually(async () => {
      const { description } = await stage.gateway.call(readProduct, { params: { productId } })
      return description === 'It shows the hour to the quarter.'
    })
    await page.getByLabel('Pieces').fill('-3')
    await page.getByLabel('Why').fill('Broken in the post')
    await page.getByRole('button', { name: 'Change the stock' }).click()
    const history = page.getByRole('region', { name: 'Changes of stock' })
    await history.getByText('Broken in the post').waitFor()
    await history.getByText('−3 available').waitFor()
    await page.getByLabel('To', { exact: true }).fill('north')
    await page.getByLabel('How many').fill('1')
    await page.getByRole('button', { name: 'Move them' }).click()
    await page.getByRole('region', { name: 'Stock by location' }).getByRole('cell', { name: 'north' }).waitFor()
    const { available, locations } = await stage.gateway.call(readStock, { params: { productId } })
    expect([available, locations.map(({ location }) => location).toSorted()]).toEqual([4, ['main', 'north']])
    // More than there is cannot be taken.
    await page.getByLabel('Pieces').fill('-90')
    await page.getByRole('button', { name: 'Change the stock' }).click()
    await page.getByRole('alert').waitFor()

    await page.goto('/admin/items')
    await page.getByLabel('Words').fill(title)
    await page.getByRole('button', { name: 'Find', exact: true }).click()
    const row = page.getByRole('row').filter({ hasText: title })
    await row.getByText('4', { exact: true }).waitFor()
    await row.getByRole('link', { name: title }).click()
    await confirm(page, 'Delete')
    await page.getByRole('heading', { name: 'Items and stock' }).waitFor()
    await expect(stage.gateway.call(readProduct, { params: { productId } })).rejects.toThrow('PRODUCT_REMOVED')
    expect(complaints).toEqual([])
    await leave()
  })

  test('an auction is opened, extended and cancelled with a reason, and its bidders see it at once', async () => {
    const { productId } = await stage.auction('Lamp that came back')
    const { page, complaints, leave } = await asAdmin(`/admin/items/${productId}`)
    await page.getByRole('link', { name: 'Auction it' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Opening price').fill('no price')
    await dialog.getByRole('button', { name: 'Open it' }).click()
    await dialog.getByText('Write a price such as 10.00.').waitFor()
    await dialog.getByLabel('Opening price').fill('25')
    await dialog.getByLabel('Buy-now price').fill('90')
    await dialog.getByLabel('Ends').fill(soon())
    await dialog.getByRole('button', { name: 'Open it' }).click()
    await dialog.waitFor({ state: 'detached' })
    const rows = page.getByRole('row').filter({ hasText: '$25.00' }).filter({ hasText: 'Lamp that came back' })
    const auctionId = (await rows.first().getByRole('link').getAttribute('href'))!.split('/').at(-1)!
    const before = await stage.gateway.call(readAuction, { params: { auctionId } })
    expect(before).toMatchObject({ openingPriceMinor: 2_500, buyNowPriceMinor: 9_000, status: 'open' })

    const bidder = await at(`/auctions/${auctionId}`, await stage.person('Hopeful'))
    await bidder.page.getByLabel('Your maximum (USD)').fill('30')
    await bidder.page.getByRole('button', { name: 'Bid', exact: true }).click()
    await bidder.page.locator('main').getByText('You lead', { exact: true }).waitFor()
    const row = page.getByRole('row').filter({ hasText: auctionId })
    const inRow = async (name: string, fields: Record<string, string> = {}): Promise<void> => {
      await row.getByRole('button', { name, exact: true }).click()
      for (const [label, value] of Object.entries(fields)) await dialog.getByLabel(label).fill(value)
      await dialog.getByRole('button', { name, exact: true }).click()
      await dialog.waitFor({ state: 'detached' })
    }
    await inRow('Extend')
    const after = await stage.gateway.call(readAuction, { params: { auctionId } })
    expect(after.endsAt).toBeGreaterThan(before.endsAt)

    await row.getByRole('button', { name: 'Cancel', exact: true }).click()
    await dialog.getByRole('button', { name: 'Cancel', exact: true }).click()
    await dialog.getByText('Say why: bidders are told.').waitFor()
    await dialog.getByLabel('Why').fill('It was damaged')
    await dialog.getByRole('button', { name: 'Cancel', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    await bidder.page.locator('main').getByText('Cancelled: It was damaged').waitFor()

    // Another one is closed, and sells.
    const sold = await stage.auction('Lamp to close', { endsAt: Date.now() + 600_000 })
    await stage.bid(await stage.person('Winner'), sold.auctionId, 4_000)
    await page.goto('/admin/auctions')
    const other = page.getByRole('row').filter({ hasText: sold.auctionId })
    await other.getByRole('button', { name: 'Close', exact: true }).click()
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click()
    await other.waitFor({ state: 'detached' })
    expect((await stage.gateway.call(readAuction, { params: { auctionId: sold.auctionId } })).outcome).toBe('sold')
    expect([...complaints, ...bidder.complaints]).toEqual([])
    await Promise.all([leave(), bidder.leave()])
  })

  test('the dashboard lives: bids of this second, revenue and orders of the day, and what runs out', async () => {
    const endsAt = Date.now() + 300_000
    const terms = { mode: 'fixed-price', quantity: 2, openingPriceMinor: 123_456, endsAt } as const
    const { auctionId, productId } = await stage.auction('Dear candle', terms, 2)
    const { page, complaints, leave } = await asAdmin('/admin')
    await page.locator('main').getByText('live', { exact: true }).waitFor()
    await page.getByRole('region', { name: 'Open auctions' }).first().getByText('Dear candle').first().waitFor()
    const figure = async (name: string): Promise<number> => {
      const text = await page.locator('.tiles > div').filter({ hasText: name }).locator('dd').innerText()
      return Number(
        /[\d,]+(\.\d\d)?/.exec(name === 'Revenue' ? (/\$\S+/.exec(text)?.[0] ?? '') : text)?.[0].replaceAll(',', '') ??
          0
      )
    }
    await page.locator('.tiles').waitFor()
    const [orders, revenue] = [await figure('Orders'), await figure('Revenue')]
    const inLastMinute = async (): Promise<number> =>
      Number(/(\d+) in the last minute/.exec(await page.locator('main').innerText())?.[1] ?? -1)
    const pace = await inLastMinute()
    await stage.bid(await stage.person('Rich'), auctionId, 123_456)
    // Nothing is reloaded: each of these comes by itself.
    await eventually(async () => (await inLastMinute()) > pace, { what: 'the bid in the pace' })
    await eventually(async () => (await figure('Orders')) > orders, { what: 'the order' })
    await eventually(async () => (await figure('Revenue')) >= revenue + 1_234, { what: 'the revenue' })
    await stage.gateway.call(
      setStock,
      { params: { productId }, body: { available: 0 } },
      { token: await stage.adminToken() }
    )
    await page.getByRole('region', { name: 'Items that run out' }).getByText(productId).waitFor()
    expect(complaints).toEqual([])
    await leave()
  })

  test('an account is found, locked and unlocked, given a limit, signed out and promoted; the audit tells who, what and why', async () => {
    const password = 'two clocks that never agree'
    const name = `Quarrel ${someId('x').slice(2)}`
    const session = await stage.person(name, { password })
    const { userId, email } = session.account
    const signIn = (): Promise<TokenPair> => stage.gateway.call(logIn, { body: { email, password } })
    const { page, complaints, leave } = await asAdmin('/admin/users')
    await page.getByLabel('Begins with').fill(name)
    await page.getByRole('button', { name: 'Filter' }).click()
    await page.getByRole('link', { name }).click()
    await page.locator('main').getByText(email).waitFor()
    await page.getByRole('region', { name: 'Sign-ins' }).getByRole('row').nth(1).waitFor()

    await page.getByRole('button', { name: 'Lock', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Lock', exact: true }).click()
    await page.getByRole('dialog').getByText('Say why: it stands in the audit.').waitFor()
    await page.getByRole('dialog').getByLabel('Why').fill('Shill bidding')
    await page.getByRole('dialog').getByRole('button', { name: 'Lock', exact: true }).click()
    await page
      .locator('main')
      .getByText(/: Shill bidding/)
      .waitFor()
    await page.locator('main').getByText('Signed in nowhere.').waitFor()
    await expect(signIn()).rejects.toThrow('ACCOUNT_DISABLED')
    await confirm(page, 'Unlock', { Why: 'It was a mistake' })
    await page.getByRole('button', { name: 'Lock', exact: true }).waitFor()
    const { accessToken } = await signIn()

    await page.getByLabel('At most').fill('500')
    await page.getByRole('button', { name: 'Set the limit' }).click()
    await page.locator('main').getByText('The limit is $500.00.').waitFor()
    const { items } = await stage.gateway.call(readMyCredit, {}, { token: accessToken })
    expect(items).toMatchObject([{ currency: 'USD', limitMinor: 50_000 }])
    await confirm(page, 'End its sign-ins', { Why: 'A lost phone' })
    await page.locator('main').getByText('Signed in nowhere.').waitFor()
    await confirm(page, 'Make it an admin’s', { Why: 'Joins the house' })
    await page.getByRole('button', { name: 'Make it a bidder’s' }).waitFor()
    expect((await signIn()).account.role).toBe('admin')

    await page.getByRole('link', { name: 'Audit' }).click()
    await page.getByLabel('On what').fill(userId)
    await page.getByRole('button', { name: 'Filter' }).click()
    const acts = page.getByRole('region', { name: 'Acts of admins' })
    for (const act of ['lockUser', 'unlockUser', 'setCreditLimit', 'endUserSessions', 'changeUserRole'])
      await acts.getByText(act, { exact: true }).waitFor()
    await acts.getByText('“Shill bidding”').waitFor()
    const { userId: adminId } = (await stage.admin()).account
    expect(await acts.getByText(adminId).count()).toBeGreaterThanOrEqual(5)
    // Nobody locks the door behind themselves.
    await page.goto(`/admin/users/${adminId}`)
    await page.locator('main').getByText('This is your own account.').waitFor()
    expect(complaints).toEqual([])
    await leave()
  })

  test('a buyer’s orders are found; the house is closed to bidders', async () => {
    const terms = { mode: 'fixed-price', quantity: 4, openingPriceMinor: 900 } as const
    const { auctionId } = await stage.auction('Candle for the books', terms, 4)
    const buyer = await stage.person('Booked')
    const { orderNumber = '' } = await stage.bid(buyer, auctionId, 900, 2)
    await eventually(() =>
      stage.gateway.call(readOrder, { params: { orderNumber } }, { token: buyer.accessToken }).catch(() => false)
    )
    const { page, complaints, leave } = await asAdmin('/admin/orders')
    await page.getByLabel('Buyer').fill(buyer.account.userId)
    await page.getByRole('button', { name: 'Filter' }).click()
    const row = page.getByRole('row').filter({ hasText: orderNumber })
    await row.getByText('$18.00').waitFor()
    expect(await page.getByRole('region', { name: 'Orders' }).locator('tbody tr').count()).toBe(1)
    await row.getByRole('link', { name: buyer.account.userId }).click()
    await page.getByRole('heading', { name: 'Booked', level: 1 }).waitFor()

    const outside = await at('/admin', buyer)
    for (const path of ['/admin', '/admin/users', '/operations/events']) {
      await outside.page.goto(path)
      await outside.page.getByRole('heading', { name: 'For admins' }).waitFor()
    }
    expect([...complaints, ...outside.complaints]).toEqual([])
    await Promise.all([leave(), outside.leave()])
  })
})
