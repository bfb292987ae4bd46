import { closeAuction, placeBid, readLedger } from '@gavel/contracts/api/bidding.ts'
import { describe, expect, test } from 'vitest'
import { layCable } from '../../support/browser.ts'
import { eventually } from '../../support/eventually.ts'
import { expectAccessible, expectFits } from '../../support/page-checks.ts'
import { onStage, someId } from '../../support/pages-stage.ts'

/** What bidders do, each in a browser of their own, on the running platform. */
describe('bidders in their browsers', () => {
  const { stage, at } = onStage()

  test('somebody makes an account, stores a card, signs out and in again', async () => {
    const { page, complaints, leave } = await at('/account/orders')
    await page.getByRole('link', { name: 'Make one' }).click()
    const email = `${someId('new')}@pages.example`
    await page.getByLabel('E-mail').fill(email)
    await page.getByLabel('Name').fill('Newcomer')
    await page.getByLabel('Password').fill('a lamp for each evening')
    await page.getByRole('button', { name: 'Make the account' }).click()
    await page.getByRole('heading', { name: 'Orders' }).waitFor()
    await page.locator('main').getByText('No order yet').waitFor()

    await page.getByRole('link', { name: 'Payment' }).click()
    await page.locator('main').getByText('No card yet').waitFor()
    await page.getByLabel('Card number').fill('4242 4242 4242 4242')
    await page.getByLabel('Good until (MM/YY)').fill('12/99')
    await page.getByLabel('Code').fill('123')
    await page.getByRole('button', { name: 'Store the card' }).click()
    await page.locator('main').getByText('ending in 4242').waitFor()
    await expectAccessible(page)

    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await page.getByLabel('E-mail').fill(email)
    await page.getByLabel('Password').fill('not that one')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.locator('main').getByText('The e-mail address or the password is wrong').waitFor()
    await expectAccessible(page)
    await page.getByLabel('Password').fill('a lamp for each evening')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.locator('main').getByText('ending in 4242').waitFor()
    expect(complaints).toEqual([])
    await leave()
  })

  test('two bid against each other, and each sees at once what the other did; the loser is told, the winner gets an order', async () => {
    const { auctionId, title } = await stage.auction(`Brass lamp ${someId('no')}`, { endsAt: Date.now() + 600_000 })
    const [ann, bob] = await Promise.all([
      at('/', await stage.person('Ann')),
      at(`/auctions/${auctionId}`, await stage.person('Bob'))
    ])
    await ann.page.getByRole('link', { name: title }).click()
    await ann.page.getByLabel('Your maximum (USD)').fill('20')
    await ann.page.getByRole('button', { name: 'Bid', exact: true }).click()
    await ann.page.locator('main').getByText('Accepted: you lead').waitFor()
    await ann.page.locator('main').getByText('You lead', { exact: true }).waitFor()
    await bob.page.locator('main').getByText('1 bid', { exact: true }).waitFor()

    await bob.page.getByLabel('Your maximum (USD)').fill('15')
    await bob.page.getByRole('button', { name: 'Bid', exact: true }).click()
    await bob.page.locator('main').getByText('Accepted, and outbid at once').waitFor()
    await bob.page.locator('main').getByText('You have been outbid', { exact: true }).waitFor()
    await bob.page.getByLabel('Your maximum (USD)').fill('50')
    await bob.page.getByRole('button', { name: 'Bid', exact: true }).click()
    await bob.page.locator('main').getByText('You lead', { exact: true }).waitFor()
    await ann.page.locator('main').getByText('You have been outbid', { exact: true }).waitFor()
    await ann.page.getByRole('link', { name: /Notifications, [1-9]/ }).waitFor()

    await bob.page.locator('main').getByText('Why this price?').click()
    await bob.page.locator('main').getByText('secret until the close').waitFor()
    await bob.page.getByRole('button', { name: 'Verify this auction' }).click()
    await bob.page.locator('main').getByText('It verifies').waitFor()
    await expectAccessible(bob.page)

    await stage.gateway.call(closeAuction, { params: { auctionId } }, { token: await stage.adminToken() })
    await bob.page.locator('main').getByText('You won', { exact: true }).waitFor()
    await ann.page.locator('main').getByText('It went to another bidder').waitFor()
    await bob.page.locator('main').getByText('The highest maximum was $50.00, the second highest $20.00').waitFor()
    await bob.page.getByRole('button', { name: 'Verify this auction' }).click()
    await bob.page.locator('main').getByText('every decision follows the rules').waitFor()
    await bob.page.goto('/account/orders')
    await bob.page.getByRole('link', { name: `${auctionId}.1` }).click()
    await bob.page.locator('main').getByText('The order is made.').waitFor()
    await expectAccessible(bob.page)
    await ann.page.goto('/account/notifications')
    await ann.page.getByRole('button', { name: 'Mark as read' }).first().click()
    await expectAccessible(ann.page)
    expect([...ann.complaints, ...bob.complaints]).toEqual([])
    await Promise.all([ann.leave(), bob.leave()])
  })

  test('what somebody bid on from one browser stands in another too: on the auction, and on the list of their bids', async () => {
    const person = await stage.person('Traveller')
    const [led, left, sale] = [
      await stage.auction('Lamp of two browsers'),
      await stage.auction('Lamp left to another'),
      await stage.auction('Lamp off the shelf', { mode: 'fixed-price', quantity: 2, openingPriceMinor: 300 }, 2)
    ]
    const first = await at(`/auctions/${led.auctionId}`, person)
    await first.page.getByLabel('Your maximum (USD)').fill('20')
    await first.page.getByRole('button', { name: 'Bid', exact: true }).click()
    await first.page.locator('main').getByText('You lead', { exact: true }).waitFor()
    await stage.bid(person, left.auctionId, 2_000)
    await stage.bid(await stage.person('Keener'), left.auctionId, 5_000)
    await stage.bid(person, sale.auctionId, 300)

    const second = await at('/account/bids', person)
    const lot = (auctionId: string) =>
      second.page.locator('.lot').filter({ has: second.page.locator(`a[href="/auctions/${auctionId}"]`) })
    await lot(sale.auctionId).getByText('Bought', { exact: true }).waitFor()
    await lot(led.auctionId).getByText('You lead', { exact: true }).waitFor()
    await lot(left.auctionId).getByText('Outbid', { exact: true }).waitFor()
    expect(await second.page.locator('.lot h2').allInnerTexts()).toEqual([sale.title, left.title, led.title])
    await expectAccessible(second.page)
    await second.leave()

    // A third browser, straight to the auction: it has heard of no bid.
    const third = await at(`/auctions/${led.auctionId}`, person)
    await third.page.locator('main').getByText('You lead', { exact: true }).waitFor()
    await third.page.locator('.ticker').getByText('you', { exact: true }).waitFor()
    await stage.bid(await stage.person('Late rival'), led.auctionId, 9_000)
    await third.page.locator('main').getByText('You have been outbid', { exact: true }).waitFor()

    // Whoever bid on nothing sees nothing of others.
    const other = await at('/account/bids', await stage.person('Bystander'))
    await other.page.locator('main').getByText('No bid yet').waitFor()
    expect([...first.complaints, ...second.complaints, ...third.complaints, ...other.complaints]).toEqual([])
    await Promise.all([first.leave(), third.leave(), other.leave()])
  })

  test('the list of one’s bids is long: the rest is shown when asked for, and without a connection what was loaded stays', async () => {
    const person = await stage.person('Collector')
    for (let lot = 0; lot < 26; lot += 1)
      await stage.bid(person, (await stage.auction(`Lamp of a series, ${lot}`)).auctionId, 1_100)
    await using cable = await layCable(stage.url)
    const { page, complaints, leave } = await at('/account/bids', person, { url: cable.url })
    await eventually(async () => (await page.locator('.lot').count()) === 24)
    await page.getByRole('button', { name: 'Show more' }).click()
    await eventually(async () => (await page.locator('.lot').count()) === 26)
    cable.cut()
    await page.locator('main').getByText('cannot be reached').waitFor()
    expect(await page.locator('.lot').count()).toBe(26)
    await cable.mend()
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.locator('main').getByText('cannot be reached').waitFor({ state: 'detached' })
    expect(complaints).toEqual([])
    await leave()
  })

  test('a bid whose connection breaks is sent again when it is back, and stands in the ledger once', async () => {
    const { auctionId } = await stage.auction('Lamp on a long wire')
    await using cable = await layCable(stage.url)
    const { page, complaints, leave } = await at(`/auctions/${auctionId}`, await stage.person('Far'), {
      url: cable.url
    })
    await page.getByLabel('Your maximum (USD)').fill('12')
    await page.getByRole('button', { name: 'Bid', exact: true }).click()
    await page.locator('main').getByText('Accepted: you lead').waitFor()

    cable.cut()
    await page.getByText(/live connection is down|You are offline/).waitFor()
    await page.getByLabel('Your maximum (USD)').fill('30')
    await page.getByRole('button', { name: 'Bid', exact: true }).click()
    await page.locator('main').getByText('The connection broke.').waitFor()
    // Meanwhile the world goes on, and that is seen once the wire is whole.
    const rival = await stage.person('Near')
    await stage.gateway.call(
      placeBid,
      { params: { auctionId }, body: { bidId: someId('bid'), amountMinor: 2_000 } },
      { token: rival.accessToken }
    )
    await cable.mend()
    await page.locator('main').getByText('Accepted: you lead').waitFor()
    await page.locator('main').getByText('3 bids', { exact: true }).waitFor()
    const { entries } = await stage.gateway.call(readLedger, { params: { auctionId }, query: {} })
    const bids = entries.flatMap((entry) => (entry as { bids?: { bidId: string }[] }).bids ?? [])
    expect(bids).toHaveLength(3)
    expect(new Set(bids.map(({ bidId }) => bidId)).size).toBe(3)
    expect(complaints).toEqual([])
    await leave()
  })

  test('on a phone somebody buys at a fixed price, and follows the order', async () => {
    const { auctionId } = await stage.auction('Candle', { mode: 'fixed-price', quantity: 5, openingPriceMinor: 400 }, 5)
    const { page, complaints, leave } = await at(`/auctions/${auctionId}`, await stage.person('Mobile'), {
      viewport: { width: 360, height: 740 },
      isMobile: true,
      hasTouch: true
    })
    await expectFits(page)
    await page.getByLabel('Pieces').fill('9')
    await page.getByRole('button', { name: 'Buy now' }).tap()
    await page.locator('main').getByText('Choose 1 to 5 pieces.').waitFor()
    await page.getByLabel('Pieces').fill('2')
    await page.getByRole('button', { name: 'Buy now' }).tap()
    await page.locator('main').getByText('2 pieces are yours').waitFor()
    await page.locator('main').getByText('3 of 5 left').first().waitFor()
    await expectAccessible(page)
    await page.getByRole('link', { name: 'Follow the order' }).tap()
    await page.locator('main').getByText('The order is made.').waitFor()
    await page.locator('main').getByText('$8.00').first().waitFor()
    await expectFits(page)
    await page.getByRole('button', { name: 'Menu' }).tap()
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Auctions' }).tap()
    await page.getByRole('heading', { name: 'Auctions', level: 1 }).waitFor()
    await eventually(async () => (await page.locator('.lot').count()) > 0)
    await expectFits(page)
    expect(complaints).toEqual([])
    await leave()
  })

  test('without a mouse: the first Tab leads past the navigation, and a bid is placed by keyboard alone', async () => {
    const { auctionId } = await stage.auction('Lamp for the keyboard')
    const { page, leave } = await at(`/auctions/${auctionId}`, await stage.person('Keys'), {
      colorScheme: 'dark'
    })
    await page.getByLabel('Your maximum (USD)').waitFor()
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to content')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.textContent')).toMatch(/watch/i)
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.name')).toBe('amount')
    await page.keyboard.type('11')
    await page.keyboard.press('Enter')
    await page.locator('main').getByText('Accepted: you lead').waitFor()
    await expectAccessible(page)
    await leave()
  })

  test('nobody else’s script runs: no inline script, no eval, nothing from another origin', async () => {
    const { page, leave } = await at('/')
    const answer = await page.reload()
    const policy = answer?.headers()['content-security-policy'] ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toMatch(/unsafe-|https?:|\*/)
    await page.getByRole('heading', { name: 'Auctions', level: 1 }).waitFor()
    const inline = await page.evaluate(
      "(() => { const script = document.createElement('script'); script.textContent = 'window.ran = true'; document.body.append(script); return window.ran })()"
    )
    expect(inline).toBeUndefined()
    await expectAccessible(page)
    await leave()
  })
})
