import { closeAuction } from '@gavel/contracts/api/bidding.ts'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { layCable } from '../../support/browser.ts'
import { onStage, someId } from '../../support/pages-stage.ts'

/** Every way of selling, as those who bid and buy see it. */
describe('ways of selling', () => {
  const { stage, at } = onStage()

  const bidOf = async (page: Page, amount: string): Promise<void> => {
    await page.getByLabel(/^Your (bid|maximum)/).fill(amount)
    await page.getByRole('button', { name: 'Bid', exact: true }).click()
  }
  const close = async (auctionId: string): Promise<void> => {
    await stage.gateway.call(closeAuction, { params: { auctionId } }, { token: await stage.adminToken() })
  }

  test('sealed bids: nobody sees an amount before the close; then the highest pays the second-highest', async () => {
    const { auctionId } = await stage.auction('Sealed lamp', { mode: 'sealed-second-price', openingPriceMinor: 2_000 })
    const [high, low] = [
      await at(`/auctions/${auctionId}`, await stage.person('High')),
      await at(`/auctions/${auctionId}`, await stage.person('Low'))
    ]
    await bidOf(high.page, '90')
    await high.page.locator('main').getByText('Accepted and sealed until the close').waitFor()
    await low.page.locator('main').getByText('1 bid', { exact: true }).waitFor()
    await bidOf(low.page, '55')
    await low.page.locator('main').getByText('Accepted and sealed until the close').waitFor()
    await high.page.locator('main').getByText('2 bids', { exact: true }).waitFor()
    for (const { page } of [high, low]) {
      const seen = await page.locator('main').innerText()
      expect(seen).toContain('Sealed, from')
      expect(seen).not.toMatch(/You lead|outbid|History/)
    }
    expect(await low.page.locator('main').innerText()).not.toContain('$90.00')
    expect(await high.page.locator('main').innerText()).not.toContain('$55.00')

    await close(auctionId)
    await high.page.locator('main').getByText('You won', { exact: true }).waitFor()
    await high.page.locator('.price.huge').getByText('$55.00').waitFor()
    await low.page.locator('main').getByText('It went to another bidder').waitFor()
    await high.page.getByRole('button', { name: 'Verify this auction' }).click()
    await high.page.locator('main').getByText('every secret is the one that was bound').waitFor()
    expect([...high.complaints, ...low.complaints]).toEqual([])
    await Promise.all([high.leave(), low.leave()])
  })

  test('a flash sale: what is left is seen by all at once; who waits is told the truth; what is gone is refused', async () => {
    const terms = { mode: 'fixed-price', quantity: 3, quantityPerBuyer: 2, openingPriceMinor: 700 } as const
    const { auctionId } = await stage.auction('Three candles', terms, 3)
    await using cable = await layCable(stage.url)
    const first = await at(`/auctions/${auctionId}`, await stage.person('First'))
    const waiting = await at(`/auctions/${auctionId}`, await stage.person('Waiting'), { url: cable.url })
    await waiting.page.locator('main').getByText('3 of 3 left').first().waitFor()

    await first.page.getByLabel('Pieces').fill('2')
    await first.page.getByRole('button', { name: 'Buy now' }).click()
    await first.page.locator('main').getByText('2 pieces are yours').waitFor()
    await waiting.page.locator('main').getByText('1 of 3 left').first().waitFor()

    cable.hold()
    await waiting.page.getByRole('button', { name: 'Buy now' }).click()
    await waiting.page
      .locator('main')
      .getByText(/^In line.*1 of 3 left now\. Nothing is yours/)
      .waitFor()
    await cable.mend()
    await waiting.page.locator('main').getByText('It is yours. Your order is being made.').waitFor()
    await first.page.locator('main').getByText('0 of 3 left').first().waitFor()

    // Whoever comes too late is told so, and nothing is charged.
    const late = await at(`/auctions/${auctionId}`, await stage.person('Late'))
    await late.page
      .locator('main')
      .getByText(/Sold out|0 of 3 left/)
      .first()
      .waitFor()
    await expect(stage.bid(await stage.person('Later'), auctionId, 700)).rejects.toThrow(/SOLD_OUT|AUCTION_CLOSED/)
    expect([...first.complaints, ...waiting.complaints, ...late.complaints]).toEqual([])
    await Promise.all([first.leave(), waiting.leave(), late.leave()])
  })

  test('buy-now ends an auction at once, at its price', async () => {
    const { auctionId } = await stage.auction('Lamp to take away', { buyNowPriceMinor: 8_000 })
    const [slow, quick] = [
      await at(`/auctions/${auctionId}`, await stage.person('Slow')),
      await at(`/auctions/${auctionId}`, await stage.person('Quick'))
    ]
    await bidOf(slow.page, '20')
    await slow.page.locator('main').getByText('Accepted: you lead').waitFor()
    await quick.page.getByRole('button', { name: 'Buy now for $80.00' }).click()
    await quick.page.locator('main').getByText('You won', { exact: true }).waitFor()
    await quick.page.locator('.price.huge').getByText('$80.00').waitFor()
    await slow.page.locator('main').getByText('It went to another bidder').waitFor()
    expect(await slow.page.getByRole('button', { name: 'Bid', exact: true }).count()).toBe(0)
    expect([...slow.complaints, ...quick.complaints]).toEqual([])
    await Promise.all([slow.leave(), quick.leave()])
  })

  test('a winner who cannot pay: the next-best bidder is offered the item and takes it', async () => {
    const { auctionId } = await stage.auction('Lamp of second choice', { secondChance: true })
    const next = await stage.person('Next')
    await stage.bid(next, auctionId, 3_000)
    const broke = await at(`/auctions/${auctionId}`, await stage.person('Broke', { card: 'empty' }))
    await bidOf(broke.page, '60')
    await broke.page.locator('main').getByText('Accepted: you lead').waitFor()
    await close(auctionId)
    await broke.page.goto(`/account/orders/${auctionId}.1`)
    await broke.page.locator('main').getByText('The card was declined. Nothing was charged.').first().waitFor()

    const { page, complaints, leave } = await at('/account', next)
    await page.getByRole('button', { name: 'Take it' }).click()
    await page.getByRole('dialog').getByText('Your card is charged $30.00 at once.').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Take it' }).click()
    await page.getByRole('link', { name: 'accepted' }).click()
    await page.locator('main').getByText('The order is made.').waitFor()
    expect([...complaints, ...broke.complaints]).toEqual([])
    await Promise.all([leave(), broke.leave()])
  })

  test('an auction is watched, stands on the watch list, and those who watch are counted', async () => {
    const { auctionId, title } = await stage.auction('Lamp to look at')
    const { page, complaints, leave } = await at(`/auctions/${auctionId}`, await stage.person('Watcher'))
    await page.getByRole('button', { name: 'Watch' }).click()
    await page.locator('main').getByText('1 watching').waitFor()
    await page.getByRole('button', { name: 'Watched' }).waitFor()
    await page.goto('/account/watches')
    await page.getByRole('link', { name: title }).click()
    await page.getByRole('button', { name: 'Watched' }).click()
    await page.getByRole('button', { name: 'Watch', exact: true }).waitFor()
    await page.goto('/account/watches')
    await page.locator('main').getByText('You watch nothing yet').waitFor()
    expect(complaints).toEqual([])
    await leave()
  })

  test('what is looked for is found by words with a typing error and narrowed by facets', async () => {
    const word = `heliograph${someId('').replaceAll(/[^a-z]/g, '')}`
    await stage.auction(`${word} of brass`)
    const { page, complaints, leave } = await at('/items')
    await page.getByLabel('Words').fill(word.replace('lio', 'loi'))
    await page.getByRole('button', { name: 'Find', exact: true }).click()
    await page.locator('main').getByText(`shown is “${word}”`).waitFor()
    await page.getByRole('button', { name: 'lamps 1' }).click()
    await page.getByRole('button', { name: 'lamps 1', pressed: true }).waitFor()
    await page
      .locator('main')
      .getByText(/(^|\s)1 item$/)
      .waitFor()
    await page.getByRole('link', { name: word }).click()
    await page.getByRole('heading', { name: `${word} of brass`, level: 1 }).waitFor()
    expect(complaints).toEqual([])
    await leave()
  })
})
