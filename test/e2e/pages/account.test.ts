import { readFile } from 'node:fs/promises'
import { logIn, logOut, refresh } from '@gavel/contracts/api/identity.ts'
import { describe, expect, test } from 'vitest'
import { onStage, someId } from '../../support/pages-stage.ts'

/** What somebody does with their own account: prove an address, set a password, see and end sign-ins, take their data, leave. */
describe('one’s own account', () => {
  const { stage, at } = onStage()

  test('the mail’s link confirms the address, once, and leaves no token in the address bar', async () => {
    const session = await stage.person('Proven')
    const { page, complaints, leave } = await at('/account', session)
    await page.locator('main').getByText('not confirmed', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Send the mail again' }).click()
    await page.locator('main').getByText('Another mail is on its way.').waitFor()

    const link = await stage.mailedLink(session.account.email, 'verify-email')
    await page.goto(link)
    await page.locator('main').getByText('Your e-mail address is confirmed.').waitFor()
    expect(new URL(page.url()).pathname + new URL(page.url()).hash).toBe('/account/verify-email')
    await page.getByRole('link', { name: 'Go on' }).click()
    await page.locator('main').getByText('confirmed', { exact: true }).waitFor()

    const again = await at(link)
    await again.page
      .getByRole('alert')
      .getByText(/no longer|not valid|invalid|used/i)
      .waitFor()
    await again.page.goto('/account/verify-email')
    await again.page.getByRole('alert').getByText('This address is not complete.').waitFor()
    expect([...complaints, ...again.complaints]).toEqual([])
    await Promise.all([leave(), again.leave()])
  })

  test('a forgotten password is set anew with a mailed link; every sign-in has ended then', async () => {
    const session = await stage.person('Forgetful')
    const { page, complaints, leave } = await at('/account/sign-in')
    await page.getByRole('link', { name: 'Forgotten your password?' }).click()
    await page.getByLabel('E-mail').fill(session.account.email)
    await page.getByRole('button', { name: 'Send the mail' }).click()
    await page.locator('main').getByText(`If ${session.account.email} has an account here`).waitFor()

    await page.goto(await stage.mailedLink(session.account.email, 'reset-password'))
    await page.getByLabel('New password').fill('short')
    await page.getByRole('button', { name: 'Set the password' }).click()
    await page
      .getByRole('alert')
      .getByText(/password/i)
      .waitFor()
    await page.getByLabel('New password').fill('seven lamps in a long row')
    await page.getByRole('button', { name: 'Set the password' }).click()
    await page.getByRole('link', { name: 'Sign in with it' }).click()
    await page.getByLabel('E-mail').fill(session.account.email)
    await page.getByLabel('Password').fill('seven lamps in a long row')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Forgetful', level: 1 }).waitFor()
    await expect(stage.gateway.call(refresh, { body: { refreshToken: session.refreshToken } })).rejects.toThrow(
      /REFRESH|UNAUTHENTICATED/
    )
    expect(complaints).toEqual([])
    await leave()
  })

  test('sign-ins are seen, and the others are ended from here', async () => {
    const password = 'four boats under one bridge'
    const session = await stage.person('Everywhere', { password })
    const credentials = { email: session.account.email, password }
    const [one, two] = [
      await stage.gateway.call(logIn, { body: credentials }),
      await stage.gateway.call(logIn, { body: credentials })
    ]
    const { page, complaints, leave } = await at('/account/security', session)
    const rows = page.getByRole('region', { name: 'Sign-ins' }).locator('tbody tr')
    await rows.nth(2).waitFor()
    expect(await rows.count()).toBe(3)
    expect(await rows.filter({ hasText: 'here' }).count()).toBe(1)

    await page.getByRole('button', { name: 'End', exact: true }).first().click()
    await page.getByRole('dialog').getByRole('button', { name: 'End', exact: true }).click()
    await rows.nth(2).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'End all others' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'End all others' }).click()
    await rows.nth(1).waitFor({ state: 'detached' })
    await rows.first().getByText('here').waitFor()
    for (const { refreshToken } of [one, two])
      await expect(stage.gateway.call(refresh, { body: { refreshToken } })).rejects.toThrow(/REFRESH|UNAUTHENTICATED/)
    // The one that asked goes on.
    await page.reload()
    await rows.first().getByText('here').waitFor()
    expect(complaints).toEqual([])
    await leave()
  })

  test('somebody downloads all that is kept of them, and then leaves for good', async () => {
    const password = 'a bell, a book and a candle'
    const session = await stage.person('Leaving', { password })
    const { email } = session.account
    const { auctionId } = await stage.auction(`Last lamp ${someId('no')}`)
    const { page, complaints, leave } = await at(`/auctions/${auctionId}`, session)
    await page.getByRole('button', { name: 'Watch' }).click()
    await page.getByRole('button', { name: 'Watched' }).waitFor()

    await page.goto('/account/security')
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download it' }).click()
    ])
    const data = JSON.parse(await readFile(await file.path(), 'utf8')) as {
      account: { email: string }
      elsewhere: string[]
      held: Record<string, unknown>
    }
    expect(data.account.email).toBe(email)
    expect(data.held['/api/watches']).toMatchObject([{ auction: { auctionId } }])
    expect(data.held['/api/payment-method']).toMatchObject({ lastFour: '4242' })
    expect(Object.keys(data.held).toSorted()).toEqual(data.elsewhere.toSorted())

    await page.getByRole('button', { name: 'Erase my account' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Erase my account' }).click()
    await dialog.getByText('Type your password').waitFor()
    await dialog.getByLabel('Your password').fill('not that one')
    await dialog.getByRole('button', { name: 'Erase my account' }).click()
    await dialog.getByText(/is wrong/).waitFor()
    await dialog.getByLabel('Your password').fill(password)
    await dialog.getByRole('button', { name: 'Erase my account' }).click()
    await page.getByRole('link', { name: 'Sign in' }).waitFor()
    expect(new URL(page.url()).pathname).toBe('/')
    await expect(stage.gateway.call(logIn, { body: { email, password } })).rejects.toThrow('CREDENTIALS_WRONG')
    expect(complaints).toEqual([])
    await leave()
  })

  test('whoever signed out elsewhere is led to the door, and back to where they were', async () => {
    const password = 'nine stones in the river'
    const session = await stage.person('Returning', { password })
    await stage.gateway.call(logOut, { body: { refreshToken: session.refreshToken } })
    // The access token has run out, too: the page finds out when it renews it.
    const { page, complaints, leave } = await at('/account/card', { ...session, accessTokenExpiresAt: 0 })
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await page.getByLabel('E-mail').fill(session.account.email)
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.locator('main').getByText('ending in 4242').waitFor()
    expect(complaints).toEqual([])
    await leave()
  })
})
